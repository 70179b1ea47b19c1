/// The operands' sizes and layouts, and the window of a convolution or of a gradient of one.
struct ConvolutionShape: Hashable {
  enum Direction { case forward, backwardData, backwardWeights }

  var direction: Direction
  var source: Layout, weights: Layout, destination: Layout
  var window: Window
  var groups: Int
}

/// A convolution, or a gradient of one: by oneDNN or by our own kernels for 3×3 windows.
struct ConvolutionKernel: Kernel {
  let shape: ConvolutionShape
  let method: ConvolutionMethod

  var threading: Threading { .library }

  var cost: Cost {
    // Each output takes a product with one filter. Padding counts as if it were computed.
    let weights = shape.weights.shape
    let filter = weights.elementCount / max(weights[0], 1)
    let results = shape.destination.shape.elementCount
    return Cost(flops: 2 * results * filter, elements: shape.source.shape.elementCount + weights.elementCount + results)
  }

  var title: String {
    let suffix =
      switch shape.direction {
      case .forward: ""
      case .backwardData: " gradient"
      case .backwardWeights: " weights' gradient"
      }
    let stride = shape.window.stride == 1 ? "" : ", stride \(shape.window.stride)"
    return "convolution\(suffix) \(shape.source.shape) ∗ \(shape.weights.shape)\(stride)"
  }

  func load(_ step: Step, into loader: inout KernelLoader) throws(TensorError) -> any LoadedKernel {
    guard method != .oneDNN, let tiled = TiledConvolution(shape) else {
      // Equal layers share one: oneDNN takes up to a millisecond to create it.
      let made = loader.shared[shape] as? OneDNNConvolution
      let convolution = if let made { made } else { try OneDNNConvolution(shape) }
      loader.shared[shape] = convolution
      loader.scratchBytes = max(loader.scratchBytes, convolution.scratchBytes)
      return convolution.loaded
    }
    let loaded = LoadedTiledConvolution(tiled, threads: loader.target.threads, onAMX: method == .amx)
    loader.scratchBytes = max(loader.scratchBytes, loaded.scratchBytes)
    return loaded
  }
}
