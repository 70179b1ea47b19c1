import CKernels
import RealModule

enum RandomDistribution: String, Hashable, Sendable {
  /// [0, 1)
  case uniform
  /// Mean 0, variance 1.
  case normal
}

/// Random numbers that depend on a key and the position alone: uniform or normal.
///
/// operand: key, int32 [4]
struct RandomNumbers: PrimitiveOperation {
  let distribution: RandomDistribution
  let shape: Shape

  var name: String { "random \(distribution.rawValue)" }
  func types(of operands: [TensorType]) -> [TensorType] { [TensorType(shape)] }
  func gradients(_ step: BackwardStep) -> [Tensor?] { [nil] }

  /// Element i takes word i % 4 of block i / 4.
  func reference(_ operands: ReferenceOperands) -> HostArray {
    let key = operands.arrays[0].ints.map { UInt32(truncatingIfNeeded: $0) }
    let count = shape.elementCount
    var numbers: [Double] = []
    for block in 0..<((count + 3) / 4) {
      let counter = [UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32), key[2], key[3]]
      let words = philox(counter, key: [key[0], key[1]])
      switch distribution {
      case .uniform: numbers += words.map { Double($0 >> 8) / 16_777_216 }
      case .normal:
        for pair in [0, 2] {
          let u = Double((words[pair] >> 8) + 1) / 16_777_216
          let v = Double(words[pair + 1] >> 8) / 16_777_216
          let radius = Double.sqrt(-2 * Double.log(u))
          numbers += [radius * Double.cos(2 * Double.pi * v), radius * Double.sin(2 * Double.pi * v)]
        }
      }
    }
    return .floats(Array(numbers.prefix(count)))
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let key = try lowering.contiguous(instruction.inputs[0])
    lowering.emit(RandomKernel(distribution: distribution, count: shape.elementCount), [key], instruction)
  }
}

private struct RandomKernel: PlainKernel {
  let distribution: RandomDistribution
  let count: Int

  var title: String { "random \(distribution) \([count])" }
  var cost: Cost { Cost(elements: count) }

  func run(_ operands: KernelOperands) {
    let key = operands.start[0]?.assumingMemoryBound(to: UInt32.self)
    switch distribution {
    case .uniform: backprop_random_uniform(Int64(count), key, operands[1])
    case .normal: backprop_random_normal(Int64(count), key, operands[1])
    }
  }
}

/// Philox4x32-10: Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
func philox(_ counter: [UInt32], key: [UInt32]) -> [UInt32] {
  var (x, k) = (counter, key)
  for _ in 0..<10 {
    let first = x[0].multipliedFullWidth(by: 0xD251_1F53)
    let second = x[2].multipliedFullWidth(by: 0xCD9E_8D57)
    x = [second.high ^ x[1] ^ k[0], second.low, first.high ^ x[3] ^ k[1], first.low]
    k = [k[0] &+ 0x9E37_79B9, k[1] &+ 0xBB67_AE85]
  }
  return x
}

extension Tensor {
  /// Numbers in [0, 1) from the current generator: multiples of 2⁻²⁴, also in float64.
  public static func randomUniform(_ shape: Shape, dtype: DType = .float32) -> Tensor {
    random(.uniform, shape, dtype)
  }
  /// Numbers of mean 0 and variance 1 from the current generator: float32 numbers, also in float64.
  public static func randomNormal(_ shape: Shape, dtype: DType = .float32) -> Tensor {
    random(.normal, shape, dtype)
  }

  private static func random(_ distribution: RandomDistribution, _ shape: Shape, _ dtype: DType) -> Tensor {
    .checked { () throws(TensorError) in
      guard dtype.isDifferentiable else {
        throw TensorError("random numbers are float32 or float64, not \(dtype); use cast(to:)")
      }
      let key = Tensor(leaf: .key(try Storage(Random.current.nextKey(), for: "a random key")), TensorType([4], .int32))
      return record(RandomNumbers(distribution: distribution, shape: shape), [key]).cast(to: dtype)
    }
  }
}
