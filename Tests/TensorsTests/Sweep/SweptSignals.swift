@testable import Tensors

/// Convolution, pooling and resampling.
let sweptImages: [SweptCall] = [
  SweptCall("convolved") { a in
    let groups = a.int(1...2)
    let x = a.images(channels: a.isHostile ? 2 : groups * 2)
    let kernel = x.shape.dimensions.dropFirst(2).map { Swift.min($0, Int.random(in: 1...3, using: &a.numbers)) }
    let weights = a.tensor(of: Shape([a.isHostile ? 2 : groups * 2, 2] + kernel))
    return x.convolved(
      with: weights, stride: a.size(1...2), paddingBegin: a.size(0...3), paddingEnd: a.size(0...2),
      dilation: a.size(1...2), groups: groups)
  },
  SweptCall("transposeConvolved") { a in
    let groups = a.int(1...2)
    let x = a.images(channels: a.isHostile ? 2 : groups * 2)
    let kernel = x.shape.dimensions.dropFirst(2).map { _ in Int.random(in: 1...3, using: &a.numbers) }
    let weights = a.tensor(of: Shape([a.isHostile ? 2 : groups * 2, 2] + kernel))
    return x.transposeConvolved(
      with: weights, stride: a.size(1...2), paddingBegin: a.size(0...1), paddingEnd: a.size(0...1),
      outputPadding: a.size(0...1), dilation: a.size(1...2), groups: groups)
  },
  SweptCall("unfolded") {
    $0.images().unfolded(
      kernel: $0.size(), stride: $0.size(1...2), paddingBegin: $0.size(0...1), paddingEnd: $0.size(0...1),
      dilation: $0.size(1...2))
  },
  SweptCall("folded") { a in
    let x = a.tensor(of: [2, 12, 4])
    return x.folded(
      to: a.isHostile ? a.size() : [3, 3], kernel: a.isHostile ? a.size() : 2, stride: a.isHostile ? a.size() : 1,
      paddingBegin: a.isHostile ? a.size() : 0, dilation: a.isHostile ? a.size() : 1)
  },
  SweptCall("maxPooled") {
    $0.images().maxPooled(
      kernel: $0.size(), stride: $0.flag() ? nil : $0.size(1...2), paddingBegin: $0.size(0...1),
      paddingEnd: $0.size(0...1), dilation: $0.size(1...2), roundsUp: $0.flag())
  },
  SweptCall("averagePooled") {
    $0.images().averagePooled(
      kernel: $0.size(), stride: $0.flag() ? nil : $0.size(1...2), paddingBegin: $0.size(0...1),
      paddingEnd: $0.size(0...1), roundsUp: $0.flag(), countsPadding: $0.flag())
  },
  SweptCall("lpPooled") {
    $0.images().lpPooled(power: $0.double(1...3), kernel: $0.size(), stride: $0.size(1...2), roundsUp: $0.flag())
  },
  SweptCall("maxPooledWithPositions") { a in
    let x = a.images()
    let pooled = x.maxPooledWithPositions(
      kernel: a.size(), stride: a.flag() ? nil : a.size(1...2), paddingBegin: a.size(0...1), paddingEnd: a.size(0...1),
      dilation: a.size(1...2), roundsUp: a.flag())
    let size = SpatialSize(Array(x.shape.dimensions.dropFirst(2)))
    return [
      pooled.values, pooled.positions,
      pooled.values.maxUnpooled(to: a.isHostile ? a.size() : size, positions: pooled.positions),
    ]
  },
  SweptCall("maxUnpooled") { a in
    let x = a.images()
    return x.maxUnpooled(to: a.size(2...3), positions: a.indices(x.shape, below: 8))
  },
  SweptCall("adaptive pools") { a in
    let x = a.images()
    let pooled = x.adaptiveMaxPooledWithPositions(to: a.size())
    return [x.adaptiveAveragePooled(to: a.size()), x.adaptiveMaxPooled(to: a.size()), pooled.values, pooled.positions]
  },
  SweptCall("fractionalMaxPooled") { a in
    let x = a.images(4...4)
    let samples = a.tensor(of: [x.shape[0], x.shape[1], 2])
    let pooled = x.fractionalMaxPooled(
      kernel: a.size(1...2), to: a.size(1...3), samples: a.isHostile ? samples : samples.abs() * 0.3)
    return [pooled.values, pooled.positions]
  },
  SweptCall("resized") {
    $0.images().resized(
      to: $0.size(1...5), mode: $0.any(ResizeMode.self), alignsCorners: $0.flag(), antialiases: $0.flag())
  },
  SweptCall("gridSampled") { a in
    let x = a.images(4...5)
    let rank = x.shape.rank - 2
    let grid = a.tensor(of: Shape([x.shape[0]] + [2, 1, 2].prefix(Swift.max(rank, 0)) + [rank]))
    return x.gridSampled(
      at: grid, mode: a.any(ResizeMode.self), paddingMode: a.any(PaddingMode.self), alignsCorners: a.flag())
  },
  SweptCall("affineGrid") { $0.tensor(of: [2, 2, 3]).affineGrid(size: $0.size(1...3), alignsCorners: $0.flag()) },
]

/// Fourier transforms and complex numbers.
let sweptSignals: [SweptCall] = [
  SweptCall("fft") { a in
    let x = a.tensor(of: Shape(a.tensor(1...3).shape.dimensions + [2]))
    let norm = a.any(FourierNorm.self)
    return [
      x.fft(count: a.flag() ? nil : a.int(1...7), axis: a.axis(), norm: norm),
      x.inverseFFT(count: a.flag() ? nil : a.int(1...7), axis: a.axis(), norm: norm), x.fft(axes: a.ints(), norm: norm),
      x.inverseFFT(axes: a.ints(), norm: norm), x.complexMagnitude(), x.realPart(), x.imaginaryPart(),
      x.complexConjugate(), x.complexProduct(x),
    ]
  },
  SweptCall("realFFT") { a in
    let (x, norm) = (a.tensor(1...3), a.any(FourierNorm.self))
    return [
      x.realFFT(count: a.flag() ? nil : a.int(1...7), axis: a.axis(), norm: norm),
      x.realFFT(axes: a.ints(), norm: norm), x.fftShifted(axes: a.axes()), x.inverseFFTShifted(axes: a.axes()),
    ]
  },
  SweptCall("inverseRealFFT") { a in
    let x = a.tensor(of: Shape(a.tensor(1...3).shape.dimensions + [2]))
    let norm = a.any(FourierNorm.self)
    return [
      x.inverseRealFFT(count: a.flag() ? nil : a.int(1...7), axis: a.axis(), norm: norm),
      x.inverseRealFFT(axes: a.ints(), count: a.flag() ? nil : a.int(1...7), norm: norm),
    ]
  },
  SweptCall("complex") { a in
    let z = Tensor.complex(a.tensor(), a.tensor())
    return [z.complexAngle(), z]
  },
  SweptCall("frequencies") { a in
    [
      .fftFrequencies(count: a.int(1...5), spacing: a.double(), dtype: a.any(DType.self)),
      .realFFTFrequencies(count: a.int(1...5), spacing: a.double(), dtype: a.any(DType.self)),
    ]
  },
  SweptCall("signal windows") { a in
    let (count, isPeriodic, dtype) = (a.int(1...6), a.flag(), a.any(DType.self))
    return [
      .hannWindow(count: count, isPeriodic: isPeriodic, dtype: dtype),
      .hammingWindow(count: count, isPeriodic: isPeriodic, dtype: dtype),
      .blackmanWindow(count: count, isPeriodic: isPeriodic, dtype: dtype),
    ]
  },
  SweptCall("shortTimeFFT") { a in
    let x = a.tensor(of: [2, 9])
    let (frame, hop) = (a.int(2...6), a.flag() ? nil : a.int(1...3))
    let window: Tensor? = a.flag() ? nil : a.isHostile ? a.tensor() : .hannWindow(count: 2, dtype: x.dtype)
    let transformed = x.shortTimeFFT(
      frameSize: frame, hop: hop, window: window, isCentered: a.flag(), padding: a.any(SignalPadding.self),
      isOrthonormal: a.flag())
    return [transformed]
  },
  SweptCall("inverseShortTimeFFT") { a in
    let x = a.tensor(of: [3, 4, 2])
    let window = a.isHostile ? a.tensor() : Tensor.hammingWindow(count: 4, dtype: x.dtype)
    return x.inverseShortTimeFFT(
      frameSize: a.isHostile ? a.int() : 4, hop: a.isHostile ? a.int() : 2, window: window, isCentered: a.flag(),
      isOrthonormal: a.flag(), count: a.flag() ? nil : a.int(1...6))
  },
]
