// The library as one import: tensors, networks, data, ready models and training.
@_exported import Datasets
@_exported import Models
@_exported import NeuralNetworks
@_exported import Tensors
@_exported import Training
