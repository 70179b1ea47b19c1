import CKernels

/// A call that was prepared once and runs many times.
protocol LibraryKernel {
  /// Workspace, aligned to 64 bytes.
  var scratchBytes: Int { get }
  func run(_ operands: UnsafePointer<UnsafeMutableRawPointer?>, _ scratch: UnsafeMutableRawPointer) throws(TensorError)
}

extension LibraryCall {
  /// Prepares a call. The only code that chooses between our own convolution and oneDNN's, from sizes and layouts
  /// alone.
  func loaded() throws(TensorError) -> any LibraryKernel {
    if let convolution = WinogradConvolution(self), convolution.pays { return convolution }
    return try OneDNNOperation(self)
  }
}

/// A 3×3 convolution, or a gradient of one, by Winograd's minimal filtering or, on AMX, as a direct sum.
struct WinogradConvolution: LibraryKernel {
  private let direction: LibraryCall.Direction
  private let shape: backprop_winograd
  /// Into how many parts the work is split. The bits of the weights' gradient depend on it; like oneDNN's, it is fixed
  /// when the call is prepared.
  private let workers: Int64
  /// Whether it is a direct sum on AMX instead. Workspace is reserved for either, so that plans do not depend on the
  /// machine.
  private let runsOnAMX: Bool
  let scratchBytes: Int

  /// Nil where the kernels cannot do it: they take dense channels-last images of multiples of 16 channels, dilation 1,
  /// one group, up to two pixels of padding and stride 1, on AMX also 2.
  init?(_ call: LibraryCall, threads: Int = Threads.count, onAMX: Bool? = nil) {
    guard case .convolution(let direction, let source, let weights, let destination, let window, let groups) = call
    else { return nil }
    let padding = window.paddingBegin
    let stride = window.stride.height
    guard
      window.kernel == 3, window.stride == Pair(stride), window.dilation == 1, groups == 1,
      (1...2).contains(stride),
      (0...2).contains(padding.height), (0...2).contains(padding.width),
      weights.shape[0] % 16 == 0, weights.shape[1] % 16 == 0,
      source.isChannelsLast, destination.isChannelsLast
    else { return nil }
    self.direction = direction
    // The images' gradient is the convolution of the results' gradient with the weights rotated by 180 degrees.
    var shape =
      direction == .backwardData
      ? backprop_winograd(destination, source, padding: Pair(2 - padding.height, 2 - padding.width), stride)
      : backprop_winograd(source, destination, padding: padding, stride)
    runsOnAMX = onAMX ?? (backprop_has_amx() != 0 && Self.amxPays(direction, shape))
    guard stride == 1 || runsOnAMX else { return nil }
    workers = backprop_winograd_workers(&shape, Int64(threads))
    let floats =
      direction == .backwardWeights
      ? backprop_winograd_gradient_workspace(&shape, workers) : backprop_winograd_workspace(&shape, workers)
    scratchBytes = stride == 1 ? 4 * Int(floats) : 0
    self.shape = shape
  }

  /// Whether it is faster than oneDNN, as measured (docs/performance.md): with enough tiles for the transform of the
  /// weights to be worth it, images that fill three quarters of their tiles and are mostly not padding, and weights
  /// that stay in a core's cache.
  var pays: Bool {
    if shape.stride == 2 { return true }  // on AMX, or there would be no such call
    let (height, width) = (shape.out_height, shape.out_width)
    let tilesOfImage = ((height + 1) / 2) * ((width + 1) / 2)
    return backprop_winograd_is_fast() != 0 && shape.batch * tilesOfImage >= 128
      && min(height, width) >= 4 && height * width >= 3 * tilesOfImage && shape.inputs * shape.outputs <= 256 * 256
  }

  /// Whether direct sums on AMX are faster still, as measured (docs/performance.md): with enough pixels for
  /// packing the weights to be worth it, and columns of outputs in pairs of tiles; the weights' gradient with few
  /// channels, where rows fill their tiles and there are pairs of images. With a stride of 2, where rows fill their
  /// tiles.
  private static func amxPays(_ direction: LibraryCall.Direction, _ shape: backprop_winograd) -> Bool {
    let weights = shape.inputs * shape.outputs
    guard weights <= 128 * 128, shape.batch * shape.out_height * shape.out_width >= 2048 else { return false }
    let hasStride = shape.stride == 2
    return switch direction {
    case .forward: hasStride ? shape.outputs % 32 == 0 && shape.out_width % 8 == 0 : fillsAMX(shape)
    case .backwardData: hasStride ? shape.inputs % 32 == 0 && shape.width % 8 == 0 : fillsAMX(shape)
    case .backwardWeights:
      shape.out_width % 8 == 0 && shape.batch >= 8 && weights <= (hasStride ? 32 * 64 : 32 * 32)
    }
  }

  private static func fillsAMX(_ shape: backprop_winograd) -> Bool { shape.inputs == 16 || shape.outputs % 32 == 0 }

  func run(_ operands: UnsafePointer<UnsafeMutableRawPointer?>, _ scratch: UnsafeMutableRawPointer) throws(TensorError)
  {
    func floats(_ index: Int) -> UnsafeMutablePointer<Float>? { operands[index]?.assumingMemoryBound(to: Float.self) }
    let workspace = scratch.assumingMemoryBound(to: Float.self)
    let isDone = withUnsafePointer(to: shape) {
      switch direction {
      case .forward, .backwardData:
        let rotated: Int32 = direction == .backwardData ? 1 : 0
        if runsOnAMX && backprop_convolution_amx($0, floats(0), floats(1), rotated, floats(2), workers) != 0 {
          return true
        }
        if shape.stride == 2 { return false }
        backprop_winograd_convolution($0, floats(0), floats(1), rotated, floats(2), workers, workspace)
      case .backwardWeights:
        if runsOnAMX && backprop_convolution_gradient_amx($0, floats(0), floats(1), floats(2), workers) != 0 {
          return true
        }
        if shape.stride == 2 { return false }
        backprop_winograd_weights_gradient($0, floats(0), floats(1), floats(2), workers, workspace)
      }
      return true
    }
    guard isDone else { throw TensorError("not enough memory for a convolution") }
  }
}

extension backprop_winograd {
  fileprivate init(_ source: LibraryCall.Image, _ destination: LibraryCall.Image, padding: Pair, _ stride: Int) {
    let (from, to) = (source.shape.dimensions.map(Int64.init), destination.shape.dimensions.map(Int64.init))
    self.init(
      batch: from[0], height: from[2], width: from[3], inputs: from[1], out_height: to[2], out_width: to[3],
      outputs: to[1], padding: (Int64(padding.height), Int64(padding.width)), stride: Int64(stride))
  }
}

extension LibraryCall.Image {
  /// Whether neighbors in memory are channels of a pixel, without gaps. An axis of one element may have any stride.
  fileprivate var isChannelsLast: Bool {
    let (c, h, w) = (shape[1], shape[2], shape[3])
    return zip(shape, zip(strides, [c * h * w, 1, c * w, c])).allSatisfy { $0 == 1 || $1.0 == $1.1 }
  }
}
