import Foundation
import Testing

@testable import Tensors

extension DType {
  /// The share of the greatest element by which single roundings change a result.
  fileprivate var rounding: Double {
    switch self {
    case .float64: 1e-11
    case .bfloat16: 0x1p-8
    case .float16: 0x1p-11
    default: 2e-5
    }
  }
}

/// Every public function with arguments from a seed.
///
/// `BACKPROP_SWEEP` draws more calls of each function (40), `BACKPROP_SWEEP_SEED` begins with another seed (1), and
/// `BACKPROP_SWEEP_CALL` takes one function only, in a process that a trap may end.
@Suite struct SweepTests {
  private static let calls = named(sweptFunctions + sweptArrays)
  private static let environment = ProcessInfo.processInfo.environment
  private static let count = environment["BACKPROP_SWEEP"].flatMap { UInt64($0) } ?? 40
  private static let firstSeed = environment["BACKPROP_SWEEP_SEED"].flatMap { UInt64($0) } ?? 1
  private static func named(_ calls: [SweptCall]) -> [SweptCall] {
    environment["BACKPROP_SWEEP_CALL"].map { name in calls.filter { $0.name == name } } ?? calls
  }
  private static var seeds: Range<UInt64> { firstSeed..<firstSeed + count }

  private static func drawing<Result>(_ seed: UInt64, _ body: () throws -> Result) rethrows -> Result {
    try Random.$current.withValue(Random(seed: seed), operation: body)
  }

  /// The error of a call and of its gradients; `nil` where there is none.
  private static func outcome(of call: SweptCall, _ arguments: SweepArguments) -> String? {
    do {
      var results = try call.make(arguments)
      let small = results.filter { $0.failure == nil && $0.dtype == .float32 && $0.shape.elementCount < 4096 }
      let loss = small.reduce(Tensor.fill(0)) { $0 + $1.sum() }
      results += gradients(of: loss, withRespectTo: arguments.tensors).compactMap { $0 }
      for failure in results.compactMap(\.failure) { #expect(isSentence(failure.message), "\(failure)") }
      try evaluate(results.filter { $0.failure == nil })
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// Whatever the arguments, the outcome is a result or a sentence.
  @Test(arguments: calls + named(sweptLayers + sweptLosses)) func noArgumentTraps(_ call: SweptCall) {
    for seed in Self.seeds {
      let arguments = SweepArguments(seed: seed, of: call, isHostile: seed % 4 != 0)
      let outcome = Self.drawing(seed) { Self.outcome(of: call, arguments) }
      #expect(outcome.map(isSentence) ?? true, "seed \(seed), \(outcome ?? ""): \(arguments.drawn)")
    }
  }

  /// Results on random shapes and types are those of the reference: equal whole numbers, and others but for rounding.
  @Test(arguments: calls) func resultsOfRandomTypesMatchTheReference(_ call: SweptCall) throws {
    var compared = 0
    for seed in Self.seeds {
      let arguments = SweepArguments(seed: seed, of: call, isHostile: false)
      try Self.drawing(seed) {
        guard let results = try? call.make(arguments) else { return }
        for result in results where result.failure == nil && result.shape.elementCount <= 4096 {
          let expected = try ReferenceInterpreter().evaluate([result])[0]
          let rounded = try ReferenceInterpreter(rounds: true).evaluate([result])[0].floats
          guard let found = try? result.numbers() else {
            // A matrix without a result.
            let hasNone = expected.floats.contains { $0.isNaN }
            #expect(hasNone, "seed \(seed), \(result.type): \(arguments.drawn)")
            continue
          }
          #expect(found.count == expected.floats.count)
          compared += found.count
          for (index, (a, b)) in zip(found, expected.floats).enumerated() {
            let spread = abs(rounded[index] - b)
            // Without a finite spread the result depends on rounding.
            guard spread.isFinite || a.isNaN == b.isNaN && b.isNaN == rounded[index].isNaN else { continue }
            let scale = expected.floats.reduce(1) { Swift.max($0, abs($1).isFinite ? abs($1) : 1) }
            let allowed = result.dtype.rounding * scale + (spread.isFinite ? 32 * spread : 0)
            #expect(
              a == b || a.isNaN && b.isNaN || abs(a - b) <= allowed,
              "seed \(seed), element \(index) of \(result.type) is \(a) instead of \(b): \(arguments.drawn)")
          }
        }
      }
    }
    #expect(compared > 0)
  }

  /// First and second gradients at random points of random shapes against central differences in float64.
  @Test(arguments: calls, [1, 2]) func gradientsMatchDifferences(_ call: SweptCall, order: Int) throws {
    var (checked, constant, candidates) = (0, 0, 0)
    for seed in Self.seeds where checked < 3 {
      let arguments = SweepArguments(seed: seed, of: call, isHostile: false, dtype: .float64)
      try Self.drawing(seed) {
        guard let results = try? call.make(arguments) else { return }
        let places = results.indices.filter { results[$0].failure == nil && results[$0].dtype == .float64 }
        let count = arguments.tensors.reduce(0) { $0 + $1.shape.elementCount }
        guard !places.isEmpty, 1...100 ~= count, arguments.tensors.contains(where: { $0.dtype == .float64 }),
          !arguments.tensors.contains(where: { $0.failure != nil })
        else {
          return
        }
        let values = try ReferenceInterpreter().evaluate(places.map { results[$0] })
        guard values.allSatisfy({ $0.floats.allSatisfy { abs($0) < 1e4 } }) else { return }
        candidates += 1
        do throws(TensorError) {
          let result = try gradientCheck(
            { Self.sum(of: call, places, seed: seed, leaves: $0, squared: order == 2) }, at: arguments.tensors,
            order: order)
          #expect(
            result.passes(tolerance: order == 1 ? 1e-6 : 1e-4), "seed \(seed), \(result): \(arguments.drawn)")
          checked += 1
        } catch {
          #expect(error.message.contains("derivative"), "seed \(seed), \(error): \(arguments.drawn)")
          constant += 1
        }
      }
    }
    #expect(candidates == 0 || checked + constant > 0)
  }

  /// The results of a call at these places as a function of its tensors: each element times another weight.
  private static func sum(
    of call: SweptCall, _ places: [Int], seed: UInt64, leaves: [Tensor], squared: Bool
  ) -> Tensor {
    let arguments = SweepArguments(seed: seed, of: call, isHostile: false, dtype: .float64, leaves: leaves)
    let all = (try? call.make(arguments)) ?? []
    return places.reduce(Tensor.fill(0, [], .float64)) { sum, place in
      let result = squared ? all[place].square() : all[place]
      let weights = (0..<result.shape.elementCount).map { 0.5 + Double($0 % 7) / 7 }
      return sum + (result * Tensor(weights, shape: result.shape.dimensions)).sum()
    }
  }
}
