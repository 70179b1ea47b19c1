import Testing

@testable import Tensors

/// A convolution of random sizes that the kernels support, and its operands.
private struct ConvolutionCase: CustomStringConvertible {
  let images: Shape, weights: Shape
  let window: Window
  /// Sizes and paddings that divide into tiles, of Winograd's and of AMX, and others that do not; counts of tiles below
  /// and above a block of 48.
  init(seed: UInt64, stride: Int = 1) {
    var numbers = TestNumbers(state: seed)
    func pick(_ values: Int...) -> Int { values.randomElement(using: &numbers) ?? 1 }
    let size = Pair(pick(1, 2, 3, 4, 5, 8, 11, 18), pick(1, 2, 3, 4, 5, 8, 11, 16, 18))
    // Where the image is smaller than the window, it is padded to the window's size.
    let begin = Pair(size.height < 3 ? pick(1, 2) : pick(0, 1, 2), size.width < 3 ? pick(1, 2) : pick(0, 1, 2))
    let end = Pair(size.height < 3 ? pick(1, 2) : pick(0, 1, 2), size.width < 3 ? pick(1, 2) : pick(0, 1, 2))
    images = [pick(1, 2, 5), pick(16, 32, 48), size.height, size.width]
    weights = [pick(16, 32, 48), images[1], 3, 3]
    window = Window(kernel: 3, stride: Pair(stride), paddingBegin: begin, paddingEnd: end)
  }

  var results: Shape {
    let out = window.positions(height: images[2], width: images[3])
    return [images[0], weights[0], out.height, out.width]
  }
  var description: String {
    "\(images) ∗ \(weights), stride \(window.stride), padding \(window.paddingBegin) and \(window.paddingEnd)"
  }

  func shape(_ direction: ConvolutionShape.Direction) -> ConvolutionShape {
    ConvolutionShape(
      direction: direction, source: channelsLast(images),
      weights: .init(shape: weights, strides: weights.rowMajorStrides),
      destination: channelsLast(results),
      window: window, groups: 1)
  }
}

extension ConvolutionCase {
  /// Sums in double precision over the products of x [n, c, h, w], w [o, c, 3, 3] and u [n, o, oh, ow] that there are:
  /// none with padding, as the reference's columns have. Images and results with channels last.
  fileprivate func sums(_ direction: ConvolutionShape.Direction, _ x: [Float], _ w: [Float], _ u: [Float]) -> [Double] {
    let (c, h, width, o) = (images[1], images[2], images[3], weights[0])
    let (outHeight, outWidth) = (results[2], results[3])
    let shape = direction == .forward ? results : direction == .backwardData ? images : weights
    var sums = [Double](repeating: 0, count: shape.elementCount)
    for n in 0..<images[0] {
      for (i, tap) in (0..<outHeight).flatMap({ i in (0..<9).map { (i, $0) } }) {
        let row = i * window.stride.height - window.paddingBegin.height + tap / 3
        guard (0..<h).contains(row) else { continue }
        for j in 0..<outWidth {
          let column = j * window.stride.width - window.paddingBegin.width + tap % 3
          guard (0..<width).contains(column) else { continue }
          for output in 0..<o {
            let upstream = u[((n * o + output) * outHeight + i) * outWidth + j]
            for input in 0..<c {
              let pixel = x[((n * c + input) * h + row) * width + column]
              let at = (output * c + input) * 9 + tap
              switch direction {
              case .forward:
                sums[((n * outHeight + i) * outWidth + j) * o + output] += Double(pixel) * Double(w[at])
              case .backwardData:
                sums[((n * h + row) * width + column) * c + input] += Double(upstream) * Double(w[at])
              case .backwardWeights: sums[at] += Double(upstream) * Double(pixel)
              }
            }
          }
        }
      }
    }
    return sums
  }
}

private func channelsLast(_ shape: Shape) -> Layout {
  let (c, h, w) = (shape[1], shape[2], shape[3])
  return .init(shape: shape, strides: [c * h * w, 1, c * w, c])
}

/// [n, c, h, w] in channels-last order.
private func lying(_ x: Tensor) -> Tensor { x.permuted([0, 2, 3, 1]) }

@Suite struct WinogradTests {
  private static func numbers(_ shapes: Shape..., seed: UInt64) -> [Tensor] {
    OperationCase("", shapes) { $0[0] }.inputs(seed: seed)
  }

  /// The kernel's result for these operands, in memory filled with NaN before.
  private static func run(
    _ convolution: LoadedTiledConvolution, _ operands: [Tensor], count: Int
  ) throws -> [Float] {
    let inputs = try operands.map { try Storage($0.values(), for: "an operand") }
    let result = try Storage([Float](repeating: .nan, count: count), for: "the result")
    let scratch = try Storage([Float](repeating: .nan, count: convolution.scratchBytes / 4), for: "scratch")
    return try withExtendedLifetime((inputs, scratch)) {
      let pointers: [UnsafeMutableRawPointer?] = (inputs + [result]).map(\.pointer)
      try pointers.withUnsafeBufferPointer { pointers in
        let start = try #require(pointers.baseAddress)
        try convolution.run(
          KernelOperands(
            start: start, count: pointers.count, buffers: start, scratch: scratch.pointer))
      }
      return result.elements(count: count)
    }
  }

  /// Names the first value of `found` that differs from the interpreter's. Sums may nearly cancel, so errors are
  /// compared with the largest value.
  private static func difference(_ found: [Float], _ expected: [Double]) -> String? {
    guard found.count == expected.count else { return "\(found.count) numbers instead of \(expected.count)" }
    let largest = expected.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
    let wrong = zip(found, expected).enumerated().first {
      let (a, b) = (Double($1.0), $1.1)
      return !(a == b || (a.isNaN && b.isNaN) || abs(a - b) <= 1e-5 * largest)
    }
    return wrong.map { "number \($0.offset) is \($0.element.0) instead of \($0.element.1), the largest is \(largest)" }
  }

  /// By Winograd's filtering and, where there is AMX, as direct sums.
  @Test(arguments: 1...40 as ClosedRange<UInt64>, [1, 2]) func randomShapesMatchTheReference(seed: UInt64, stride: Int)
    throws
  {
    let item = ConvolutionCase(seed: seed, stride: stride)
    let operands = Self.numbers(item.images, item.weights, item.results, seed: seed)
    try compare(item, operands, "seed \(seed)") { _, tensor in
      try ReferenceInterpreter().evaluate([tensor])[0].floats
    }
  }

  /// An infinity or NaN in one of the images, the weights or the upstream gradient shows where it belongs and nowhere
  /// else.
  @Test(arguments: 41...52 as ClosedRange<UInt64>, [1, 2]) func whatIsNotFiniteStaysInItsResults(
    seed: UInt64, stride: Int
  ) throws {
    let item = ConvolutionCase(seed: seed, stride: stride)
    var numbers = TestNumbers(state: seed)
    for place in 0..<3 {
      let operands = try Self.numbers(item.images, item.weights, item.results, seed: seed).enumerated().map {
        guard $0 == place else { return $1 }
        var values: [Float] = try $1.values()
        guard let index = values.indices.randomElement(using: &numbers) else { return $1 }
        values[index] = [.infinity, -.infinity, .nan].randomElement(using: &numbers) ?? .nan
        return Tensor(values, shape: $1.shape.dimensions)
      }
      let values: [[Float]] = try operands.map { try $0.values() }
      try compare(item, operands, "seed \(seed), operand \(place)") { direction, _ in
        item.sums(direction, values[0], values[1], values[2])
      }
    }
  }

  /// The convolution and its gradients for images, weights and upstream gradient, on one thread and on several.
  private func compare(
    _ item: ConvolutionCase, _ operands: [Tensor], _ what: String,
    expected: (ConvolutionShape.Direction, Tensor) throws -> [Double]
  ) throws {
    let (x, w, u) = (operands[0], operands[1], operands[2])
    let cases: [(ConvolutionShape.Direction, [Tensor], Tensor)] = [
      (
        .forward, [lying(x), w],
        lying(.record(Convolution(window: item.window, groups: 1), [x, w]))
      ),
      (
        .backwardData, [lying(u), w],
        lying(
          .record(
            Convolution(window: item.window, groups: 1, direction: .backwardData, shape: item.images), [u, w]))
      ),
      (
        .backwardWeights, [lying(x), lying(u)],
        .record(
          Convolution(window: item.window, groups: 1, direction: .backwardWeights, shape: item.weights), [x, u])
      ),
    ]
    let stride = item.window.stride.height
    for (direction, operands, tensor) in cases where stride == 1 || Engine.hasAMX {
      let expected = try expected(direction, tensor)
      for (threads, onAMX) in [(1, false), (2, false), (5, false), (1, true), (2, true)]
      where onAMX ? Engine.hasAMX : stride == 1 {
        let name: Comment = "\(what), \(direction) of \(item), \(threads) threads, in tiles: \(onAMX)"
        let tiled = try #require(TiledConvolution(item.shape(direction)), name)
        let convolution = LoadedTiledConvolution(tiled, threads: threads, onAMX: onAMX)
        let found = try Self.run(convolution, operands, count: expected.count)
        let different = Self.difference(found, expected)
        #expect(different == nil, name)
        let again = try Self.run(convolution, operands, count: expected.count)
        let same = found.elementsEqual(again) { $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN }
        #expect(same, "\(name): other bits")  // separate, since a failure would print all values
      }
    }
  }

  /// Through the compiler, with sizes for which it uses the kernels: values and both gradients.
  @Test(arguments: [0, 1, 2]) func convolutionsOfTensorsMatchTheReference(padding: Int) throws {
    let inputs = Self.numbers([12, 9, 8, 16], [32, 16, 3, 3], seed: 3)
    let images = inputs[0].permuted([0, 3, 1, 2])
    let y = images.convolved(with: inputs[1], paddingBegin: SpatialSize(padding), paddingEnd: SpatialSize(padding))
    let upstream = Self.numbers(y.permuted([0, 2, 3, 1]).shape, seed: 4)[0].permuted([0, 3, 1, 2])
    for tensor in [y] + gradients(of: (y * upstream).sum(), withRespectTo: inputs).compactMap({ $0 }) {
      let different = Self.difference(
        try tensor.values(), try ReferenceInterpreter().evaluate([tensor])[0].floats)
      #expect(different == nil, "seeds 3 and 4, \(tensor.shape)")
    }
  }

  /// The choice between the two and oneDNN. The number of pixels is proportional to the batch.
  @Test(arguments: [false, true]) func theChoiceIsByShapeAndLayout(hasAMX: Bool) {
    let target = Target(hasOneDNN: true, hasAMX: hasAMX, hasWinograd: true, threads: 2)
    func method(
      _ images: Shape, _ weights: Shape, _ window: Window = Window(kernel: 3, paddingBegin: 1, paddingEnd: 1),
      groups: Int = 1, rowMajor: Bool = false, on target: Target
    ) -> ConvolutionMethod {
      let out = window.positions(height: images[2], width: images[3])
      let results: Shape = [images[0], weights[0], out.height, out.width]
      return target.method(
        for: ConvolutionShape(
          direction: .forward,
          source: rowMajor
            ? .init(shape: images, strides: images.rowMajorStrides) : channelsLast(images),
          weights: .init(shape: weights, strides: weights.rowMajorStrides),
          destination: channelsLast(results),
          window: window, groups: groups))
    }

    func takes(
      _ images: Shape, _ weights: Shape, _ window: Window = Window(kernel: 3, paddingBegin: 1, paddingEnd: 1),
      groups: Int = 1, rowMajor: Bool = false
    ) -> Bool {
      method(images, weights, window, groups: groups, rowMajor: rowMajor, on: target) != .oneDNN
    }
    #expect(method([64, 32, 14, 14], [64, 32, 3, 3], on: target) == (hasAMX ? .amx : .winograd))
    #expect(takes([128, 16, 32, 32], [16, 16, 3, 3]))
    #expect(takes([1, 64, 56, 56], [64, 64, 3, 3]))
    #expect(!takes([1, 16, 8, 8], [16, 16, 3, 3]))  // 16 tiles
    #expect(!takes([64, 64, 3, 3], [64, 64, 3, 3]))
    #expect(!takes([32, 32, 5, 5], [32, 32, 3, 3]))  // 25 results in 9 tiles
    #expect(!takes([16, 512, 8, 8], [512, 512, 3, 3]))
    #expect(!takes([128, 3, 32, 32], [16, 3, 3, 3]))
    #expect(!takes([128, 16, 32, 32], [24, 16, 3, 3]))
    #expect(
      !takes([128, 16, 32, 32], [16, 16, 3, 3], Window(kernel: 3, stride: 2, paddingBegin: 1)))
    let half = Window(kernel: 3, stride: 2, paddingBegin: 1, paddingEnd: 1)
    #expect(takes([128, 16, 32, 32], [32, 16, 3, 3], half) == hasAMX)
    #expect(!takes([128, 16, 32, 32], [16, 16, 3, 3], Window(kernel: 3, dilation: 2)))
    #expect(!takes([128, 16, 32, 32], [16, 16, 3, 3], Window(kernel: 3, paddingBegin: 3)))
    #expect(!takes([128, 16, 32, 32], [16, 16, 1, 1], Window(kernel: 1)))
    #expect(!takes([128, 32, 32, 32], [32, 16, 3, 3], groups: 2))
    #expect(!takes([128, 16, 32, 32], [16, 16, 3, 3], rowMajor: true))
    let plain = Target(hasOneDNN: true, hasAMX: false, hasWinograd: false, threads: 2)
    #expect(method([128, 16, 32, 32], [16, 16, 3, 3], on: plain) == .oneDNN)
  }
}
