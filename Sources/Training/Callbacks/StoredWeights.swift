import Models
import NeuralNetworks
import Tensors

/// The values of a model's parameters and buffers at some time.
struct StoredWeights {
  let entries: [SafeTensors.Entry]

  init(of model: any Layer) throws {
    entries = try namedVariables(of: model).map { try SafeTensors.Entry(name: $0.name, $0.variable) }
  }

  /// Those of a checkpoint, where `what` they are called. Throws a `TrainingError` where they do not fit the model.
  init(_ arrays: [SafeTensors.Entry], of model: any Layer, called what: String) throws {
    var left = Dictionary(arrays.map { ($0.name, $0) }) { first, _ in first }
    entries = try namedVariables(of: model).map { name, variable in
      guard let entry = left.removeValue(forKey: name) else {
        throw TrainingError("the checkpoint's \(what) weights lack '\(name)', which this model has")
      }
      guard entry.dtype == variable.dtype, Shape(entry.shape) == variable.shape else {
        throw TrainingError(
          "'\(name)' of the checkpoint's \(what) weights is \(entry.dtype) \(entry.shape), but this model needs "
            + "\(variable.dtype) \(variable.shape)")
      }
      return entry
    }
  }

  /// Gives them to the model.
  func write(to model: any Layer) throws {
    for ((_, variable), entry) in zip(try namedVariables(of: model), entries) { try entry.write(to: variable) }
  }
}
