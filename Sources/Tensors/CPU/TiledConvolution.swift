import CKernels

/// A 3×3 convolution, or a gradient of one, that our kernels can do: by Winograd's minimal filtering or, on AMX, as a
/// direct sum.
struct TiledConvolution {
  let direction: ConvolutionShape.Direction
  let shape: backprop_winograd

  /// Nil where the kernels cannot do it: they take dense channels-last images of multiples of 16 channels, dilation 1,
  /// one group, up to two pixels of padding and stride 1, on AMX also 2.
  init?(_ convolution: ConvolutionShape) {
    let (source, weights, destination) = (convolution.source, convolution.weights, convolution.destination)
    let window = convolution.window
    let padding = window.paddingBegin
    let stride = window.stride.height
    guard window.kernel == 3, window.stride == Pair(stride), window.dilation == 1, convolution.groups == 1,
      (1...2).contains(stride), (0...2).contains(padding.height), (0...2).contains(padding.width),
      weights.shape[0] % 16 == 0, weights.shape[1] % 16 == 0, source.isChannelsLast, destination.isChannelsLast
    else { return nil }
    direction = convolution.direction
    // The images' gradient is the convolution of the results' gradient with the weights rotated by 180 degrees.
    shape =
      direction == .backwardData
      ? backprop_winograd(destination, source, padding: 2 - padding, stride)
      : backprop_winograd(source, destination, padding: padding, stride)
  }

  /// Whether tiles are faster than oneDNN, as measured (docs/performance.md): with enough tiles for the transform of
  /// the weights to be worth it, images that fill three quarters of their tiles and are mostly not padding, and weights
  /// that stay in a core's cache.
  var isFasterByWinograd: Bool {
    let (height, width) = (shape.out_height, shape.out_width)
    let tilesOfImage = ((height + 1) / 2) * ((width + 1) / 2)
    return shape.batch * tilesOfImage >= 128 && min(height, width) >= 4 && height * width >= 3 * tilesOfImage
      && shape.inputs * shape.outputs <= 256 * 256
  }

  /// Whether direct sums on AMX are faster still, as measured (docs/performance.md): with enough pixels for
  /// packing the weights to be worth it, and columns of outputs in pairs of tiles; the weights' gradient with few
  /// channels, where rows fill their tiles and there are pairs of images. With a stride of 2, where rows fill their
  /// tiles.
  var isFasterOnAMX: Bool {
    let weights = shape.inputs * shape.outputs
    guard weights <= 128 * 128, shape.batch * shape.out_height * shape.out_width >= 2048 else { return false }
    let hasStride = shape.stride == 2
    let fitsAMX = shape.inputs == 16 || shape.outputs % 32 == 0
    return switch direction {
    case .forward: hasStride ? shape.outputs % 32 == 0 && shape.out_width % 8 == 0 : fitsAMX
    case .backwardData: hasStride ? shape.inputs % 32 == 0 && shape.width % 8 == 0 : fitsAMX
    case .backwardWeights: shape.out_width % 8 == 0 && shape.batch >= 8 && weights <= (hasStride ? 32 * 64 : 32 * 32)
    }
  }
}

struct LoadedTiledConvolution: LoadedKernel {
  private let direction: ConvolutionShape.Direction
  private let shape: backprop_winograd
  /// The number of parts that the work is split into. The bits of the weights' gradient depend on it; like oneDNN's, it is fixed
  /// when the plan is loaded.
  private let workers: Int64
  private let runsOnAMX: Bool
  /// Workspace for tiles on AMX too, where direct sums find no memory.
  let scratchBytes: Int

  init(_ convolution: TiledConvolution, threads: Int, onAMX: Bool) {
    (direction, runsOnAMX) = (convolution.direction, onAMX)
    var shape = convolution.shape
    workers = backprop_winograd_workers(&shape, Int64(threads))
    let floats =
      direction == .backwardWeights
      ? backprop_winograd_gradient_workspace(&shape, workers) : backprop_winograd_workspace(&shape, workers)
    scratchBytes = shape.stride == 1 ? 4 * Int(floats) : 0
    self.shape = shape
  }

  func run(_ operands: KernelOperands) throws(TensorError) {
    let (a, b, result) = (operands[0], operands[1], operands[2])
    let workspace = operands.scratch.assumingMemoryBound(to: Float.self)
    let isDone = withUnsafePointer(to: shape) {
      switch direction {
      case .forward, .backwardData:
        let rotated: Int32 = direction == .backwardData ? 1 : 0
        if runsOnAMX && backprop_convolution_amx($0, a, b, rotated, result, workers) != 0 { return true }
        if shape.stride == 2 { return false }
        backprop_winograd_convolution($0, a, b, rotated, result, workers, workspace)
      case .backwardWeights:
        if runsOnAMX && backprop_convolution_gradient_amx($0, a, b, result, workers) != 0 { return true }
        if shape.stride == 2 { return false }
        backprop_winograd_weights_gradient($0, a, b, result, workers, workspace)
      }
      return true
    }
    guard isDone else { throw TensorError("not enough memory for a convolution") }
  }
}

extension backprop_winograd {
  fileprivate init(_ source: Layout, _ destination: Layout, padding: Pair, _ stride: Int) {
    let (from, to) = (source.shape.dimensions.map(Int64.init), destination.shape.dimensions.map(Int64.init))
    self.init(
      batch: from[0], height: from[2], width: from[3], inputs: from[1], out_height: to[2], out_width: to[3],
      outputs: to[1], padding: padding.cValue, stride: Int64(stride))
  }
}
