import Foundation
import Testing

@testable import Tensors

/// A transform with the results of NumPy and PyTorch in float64.
private struct TransformCase: Decodable, Sendable, CustomTestStringConvertible {
  struct Array: Decodable, Sendable {
    var shape: [Int]
    var values: [Double]
    var tensor: Tensor { Tensor(values, shape: shape) }
  }
  struct Settings: Decodable, Sendable {
    var count: Int?
    var axis: Int?
    var axes: [Int]?
    var norm: FourierNorm?
    var frameSize: Int?
    var hop: Int?
    var window: String?
    var windowSize: Int?
    var isCentered: Bool?
    var padding: SignalPadding?
    var isOrthonormal: Bool?
    var spacing: Double?
    var isPeriodic: Bool?
  }

  var function: String
  var settings: Settings
  var input: Array?
  var result: Array
  /// Of the sum of the result times cos(0), cos(1), …
  var gradient: Array?
  var testDescription: String { "\(function) \(input?.shape ?? []) \(settings)" }

  static func all() throws -> [TransformCase] {
    struct Content: Decodable { var cases: [TransformCase] }
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Fixtures/Fourier/transforms.json").standardizedFileURL
    return try JSONDecoder().decode(Content.self, from: Data(contentsOf: file)).cases
  }

  private func window(_ dtype: DType) -> Tensor? {
    let (count, isPeriodic) = (settings.windowSize ?? 0, settings.isPeriodic ?? true)
    return switch settings.window {
    case "hann": .hannWindow(count: count, isPeriodic: isPeriodic, dtype: dtype)
    case "hamming": .hammingWindow(count: count, isPeriodic: isPeriodic, dtype: dtype)
    case "blackman": .blackmanWindow(count: count, isPeriodic: isPeriodic, dtype: dtype)
    default: nil
    }
  }

  func found(_ x: Tensor, _ type: DType) throws -> Tensor {
    let (s, norm, axis) = (settings, settings.norm ?? .backward, settings.axis ?? -1)
    switch (function, s.axes) {
    case ("fft", let axes?): return x.fft(axes: axes, norm: norm)
    case ("inverseFFT", let axes?): return x.inverseFFT(axes: axes, norm: norm)
    case ("realFFT", let axes?): return x.realFFT(axes: axes, norm: norm)
    case ("inverseRealFFT", let axes?): return x.inverseRealFFT(axes: axes, count: s.count, norm: norm)
    case ("fft", nil): return x.fft(count: s.count, axis: axis, norm: norm)
    case ("inverseFFT", nil): return x.inverseFFT(count: s.count, axis: axis, norm: norm)
    case ("realFFT", nil): return x.realFFT(count: s.count, axis: axis, norm: norm)
    case ("inverseRealFFT", nil): return x.inverseRealFFT(count: s.count, axis: axis, norm: norm)
    case ("window", _): return try #require(window(type))
    case ("frequencies", _):
      return .concatenated(
        [
          .fftFrequencies(count: s.count ?? 0, spacing: s.spacing ?? 1, dtype: type),
          .realFFTFrequencies(count: s.count ?? 0, spacing: s.spacing ?? 1, dtype: type),
        ], axis: 0)
    case ("fftShifted", _): return x.fftShifted()
    case ("inverseFFTShifted", _): return x.inverseFFTShifted()
    case ("shortTimeFFT", _):
      return x.shortTimeFFT(
        frameSize: s.frameSize ?? 0, hop: s.hop, window: window(type), isCentered: s.isCentered ?? true,
        padding: s.padding ?? .reflect, isOrthonormal: s.isOrthonormal ?? false)
    case ("inverseShortTimeFFT", _):
      return x.inverseShortTimeFFT(
        frameSize: s.frameSize ?? 0, hop: s.hop, window: window(type), isCentered: s.isCentered ?? true,
        isOrthonormal: s.isOrthonormal ?? false, count: s.count)
    default: throw TensorError("no such function: \(function)")
    }
  }
}

@Suite struct FourierTests {
  @Test func thereAreAllCases() throws {
    let cases = try TransformCase.all()
    #expect(cases.count == 95)
    #expect(Set(cases.map(\.function)).count == 10)
  }

  /// To 1e-12 of the greatest number in float64, and to 1e-5 in float32.
  @Test(arguments: try TransformCase.all(), [DType.float64, .float32])
  private func matchesNumPy(_ example: TransformCase, type: DType) throws {
    let x = (example.input?.tensor ?? Tensor([0] as [Double], shape: [1])).cast(to: type)
    let result = try example.found(x, type)
    func expectClose(_ found: Tensor, _ expected: TransformCase.Array, _ what: String) throws {
      #expect(found.shape.dimensions == expected.shape)
      let scale = expected.values.reduce(1) { max($0, abs($1)) }
      let error = zip(try found.numbers(), expected.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(error <= (type == .float64 ? 1e-12 : 1e-5) * scale, "\(what): \(error / scale)")
    }
    try expectClose(result, example.result, "result")
    if let gradient = example.gradient {
      let weights = Tensor.arange(from: 0, to: result.shape.elementCount, dtype: type).cos().reshaped(to: result.shape)
      let found = try #require(gradients(of: (result * weights).sum(), withRespectTo: [x])[0])
      try expectClose(found, gradient, "gradient")
    }
  }

  @Test func transformsAreUndone() throws {
    let x = Tensor.arange(from: 0, to: 2 * 3 * 30, dtype: .float64).sin()
    for norm in FourierNorm.allCases {
      for n in [30, 15, 6, 5, 3, 2, 1] {
        let pairs = x.reshaped(to: [90 / n, n, 2])
        let real = x.reshaped(to: [180 / n, n])
        for (found, expected) in [
          (pairs.fft(norm: norm).inverseFFT(norm: norm), pairs),
          (real.realFFT(norm: norm).inverseRealFFT(count: n, norm: norm), real),
        ] {
          let error = try (found - expected).abs().max().scalar(as: Double.self)
          #expect(error < 1e-14)
        }
      }
    }
    let signal = x.reshaped(to: [3, 60])
    let window = Tensor.hannWindow(count: 16, dtype: .float64)
    let spectrum = signal.shortTimeFFT(frameSize: 16, window: window)
    let error = try (spectrum.inverseShortTimeFFT(frameSize: 16, window: window) - signal).abs().max().scalar(
      as: Double.self)
    #expect(error < 1e-13)
  }

  @Test func shapesThatDoNotFitAreNamed() throws {
    let x = Tensor.ones([4, 3])
    for (result, name) in [
      (x.fft(), "fft"), (Tensor.ones([2]).inverseFFT(), "inverseFFT"), (x.realFFT(axis: 2), "realFFT"),
      (x.realFFT(count: 0), "realFFT"), (Tensor.ones([4, 2]).fft(count: -1), "fft"),
      (Tensor.ones([0]).realFFT(), "realFourier"),
      (x.cast(to: .int32).realFFT(), "realFourier"), (Tensor.ones([1, 2]).inverseRealFFT(), "inverseRealFFT"),
      (x.shortTimeFFT(frameSize: 8), "shortTimeFFT"), (x.shortTimeFFT(frameSize: 4, hop: 0), "shortTimeFFT"),
      (x.shortTimeFFT(frameSize: 2, window: x), "shortTimeFFT"),
      (x.inverseShortTimeFFT(frameSize: 4), "inverseShortTimeFFT"),
      (Tensor.ones([4]).realFFT(count: .max), "pad"), (x.complexMagnitude(), "complexMagnitude"),
      (Tensor.fftFrequencies(count: 0), "frequencies"), (Tensor.hannWindow(count: -1), "window"),
    ] {
      let error = try #require(result.failure)
      #expect(error.message.hasPrefix(name + ": "), "\(error.message)")
    }
  }

  /// The bits do not depend on how many threads there are.
  @Test func threadsChangeNothing() throws {
    let x = Tensor.arange(from: 0, to: 64 * 300 * 2).cast(to: .float32).sin().reshaped(to: [64, 300, 2])
    let one = try Threads.withCount(1) { try (x.fft() + 0).values() }
    #expect(try x.fft().values() == one)
  }
}
