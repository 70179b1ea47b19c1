import CKernels

/// A call that was made ready once and runs many times.
protocol LoadedCall {
  /// Memory to work in, aligned to 64 bytes.
  var scratchBytes: Int { get }
  func run(_ operands: UnsafePointer<UnsafeMutableRawPointer?>, _ scratch: UnsafeMutableRawPointer) throws(TensorError)
}

extension LibraryCall {
  /// Ready to run. The one place that chooses between our own convolution and oneDNN's, from sizes and layouts alone.
  func loaded() throws(TensorError) -> any LoadedCall {
    if let convolution = WinogradConvolution(self), convolution.pays { return convolution }
    return try OneDNNOperation(self)
  }
}

/// A 3×3 convolution, or a gradient of one, by Winograd's minimal filtering or, on matrix units, as a direct sum.
struct WinogradConvolution: LoadedCall {
  private let direction: LibraryCall.Direction
  private let shape: backprop_winograd
  /// Into how many parts the work is split. The bits of the weights' gradient depend on it; like oneDNN's, it is settled
  /// when the call is made ready.
  private let workers: Int64
  /// Whether it is a direct sum on matrix units instead. Room is kept for either, so that plans are the same everywhere.
  private let isInTiles: Bool
  let scratchBytes: Int

  /// Nil where the kernels cannot do it: they take dense channels-last images of multiples of 16 channels, stride and
  /// dilation 1, one group and up to two pixels of padding.
  init?(_ call: LibraryCall, threads: Int = Threads.count, inTiles: Bool? = nil) {
    guard case .convolution(let direction, let source, let weights, let destination, let window, let groups) = call
    else { return nil }
    let padding = window.paddingBegin
    guard
      window.kernel == 3, window.stride == 1, window.dilation == 1, groups == 1,
      (0...2).contains(padding.height), (0...2).contains(padding.width),
      weights.shape[0] % 16 == 0, weights.shape[1] % 16 == 0,
      source.isChannelsLast, destination.isChannelsLast
    else { return nil }
    self.direction = direction
    // The images' gradient is the convolution of the results' gradient with the weights turned by 180 degrees.
    var shape =
      direction == .backwardData
      ? backprop_winograd(destination, source, padding: Pair(2 - padding.height, 2 - padding.width))
      : backprop_winograd(source, destination, padding: padding)
    isInTiles = inTiles ?? (backprop_has_tiles() != 0 && Self.tilesPay(direction, shape))
    workers = backprop_winograd_workers(&shape, Int64(threads))
    let floats =
      direction == .backwardWeights
      ? backprop_winograd_gradient_floats(&shape, workers) : backprop_winograd_floats(&shape, workers)
    scratchBytes = 4 * Int(floats)
    self.shape = shape
  }

  /// Whether it is faster than oneDNN, as measured (docs/performance.md): with enough tiles for the transform of the
  /// weights to be worth it, images that fill three quarters of their tiles and are mostly not padding, and weights that
  /// stay in a core's cache.
  var pays: Bool {
    let (height, width) = (shape.out_height, shape.out_width)
    let tilesOfImage = ((height + 1) / 2) * ((width + 1) / 2)
    return backprop_winograd_is_fast() != 0 && shape.batch * tilesOfImage >= 128
      && min(height, width) >= 4 && height * width >= 3 * tilesOfImage && shape.inputs * shape.outputs <= 256 * 256
  }

  /// Whether direct sums on matrix units are faster still, as measured (docs/performance.md): with enough pixels for
  /// packing the weights to be worth it, and columns of outputs in pairs of tiles; the weights' gradient with few channels,
  /// where rows fill their tiles and there are pairs of images.
  private static func tilesPay(_ direction: LibraryCall.Direction, _ shape: backprop_winograd) -> Bool {
    guard shape.inputs * shape.outputs <= 128 * 128, shape.batch * shape.out_height * shape.out_width >= 2048 else {
      return false
    }
    return direction == .backwardWeights
      ? shape.out_width % 8 == 0 && shape.batch >= 8 && shape.inputs * shape.outputs <= 32 * 32
      : shape.inputs == 16 || shape.outputs % 32 == 0
  }

  func run(_ operands: UnsafePointer<UnsafeMutableRawPointer?>, _ scratch: UnsafeMutableRawPointer) {
    func floats(_ index: Int) -> UnsafeMutablePointer<Float>? { operands[index]?.assumingMemoryBound(to: Float.self) }
    let room = scratch.assumingMemoryBound(to: Float.self)
    withUnsafePointer(to: shape) {
      switch direction {
      case .forward, .backwardData:
        let turned: Int32 = direction == .backwardData ? 1 : 0
        if isInTiles && backprop_convolution_tiles($0, floats(0), floats(1), turned, floats(2), workers) != 0 { return }
        backprop_winograd_convolution($0, floats(0), floats(1), turned, floats(2), workers, room)
      case .backwardWeights:
        if isInTiles && backprop_convolution_gradient_tiles($0, floats(0), floats(1), floats(2), workers) != 0 {
          return
        }
        backprop_winograd_weights_gradient($0, floats(0), floats(1), floats(2), workers, room)
      }
    }
  }
}

extension backprop_winograd {
  fileprivate init(_ source: LibraryCall.Image, _ destination: LibraryCall.Image, padding: Pair) {
    let (from, to) = (source.shape.dimensions.map(Int64.init), destination.shape.dimensions.map(Int64.init))
    self.init(
      batch: from[0], height: from[2], width: from[3], inputs: from[1], out_height: to[2], out_width: to[3],
      outputs: to[1], padding: (Int64(padding.height), Int64(padding.width)))
  }
}

extension LibraryCall.Image {
  /// Whether neighbors in memory are channels of a pixel, without gaps. An axis of one element may have any stride.
  fileprivate var isChannelsLast: Bool {
    let (c, h, w) = (shape[1], shape[2], shape[3])
    return zip(shape, zip(strides, [c * h * w, 1, c * w, c])).allSatisfy { $0 == 1 || $1.0 == $1.1 }
  }
}
