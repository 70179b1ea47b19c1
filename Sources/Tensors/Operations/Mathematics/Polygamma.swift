import CKernels
import RealModule

/// The derivative of this order of the digamma function, which is the derivative of log Γ(x).
struct Polygamma: PrimitiveOperation {
  let order: Int

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    guard operands[0].dtype.isDifferentiable else { throw needsArithmetic(operands) }
    guard 0...20 ~= order else { throw TensorError("polygamma: the order must be from 0 to 20, not \(order)") }
    return operands
  }

  /// u times the polygamma function of the next order.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    [step.upstream * .record(Polygamma(order: order + 1), [step.operands[0]])]
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.aligned(self) }

  /// The recurrence up to 300, and from there on the first terms of the asymptotic series.
  func reference(_ operands: ReferenceOperands) -> HostArray {
    func factorial(_ n: Int) -> Double { (1...max(n, 1)).reduce(1) { $0 * Double($1) } }
    let sign: Double = order % 2 == 1 ? 1 : -1
    func value(_ x: Double) -> Double {
      if x.isNaN || x == -.infinity || x == .infinity { return x == .infinity ? (order == 0 ? x : 0) : .nan }
      if x == 0, order % 2 == 0 { return x.sign == .minus ? .infinity : -.infinity }
      if x <= 0, x == x.rounded(.down) { return order % 2 == 1 ? .infinity : .nan }
      if x < -1000 {  // by reflection
        let (angle, other) = (Double.pi * (x - x.rounded(.down)), value(1 - x))
        return order == 0
          ? other - Double.pi / Double.tan(angle)
          : order == 1 ? Double.pow(Double.pi / Double.sin(angle), 2) - other : .nan
      }
      var (sum, y) = (0.0, x)
      while y < 300 {
        sum += sign * factorial(order) / Double.pow(y, order + 1)
        y += 1
      }
      let first = order == 0 ? -Double.log(y) : factorial(order - 1) / Double.pow(y, order)
      let next =
        factorial(order) / (2 * Double.pow(y, order + 1)) + factorial(order + 1) / (12 * Double.pow(y, order + 2))
      return sum + sign * (first + next - factorial(order + 3) / (720 * Double.pow(y, order + 4)))
    }
    return .floats(operands.arrays[0].floats.map(value))
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let x = try lowering.contiguous(instruction.inputs[0])
    lowering.emit(PolygammaKernel(order: order, type: x.dtype, count: x.shape.elementCount), [x], instruction)
  }
}

private struct PolygammaKernel: PlainKernel {
  let order: Int
  let type: DType
  let count: Int

  var title: String { "polygamma \(order) of \(count)\(type.suffix)" }
  var cost: Cost { Cost(flops: 20 * count, bytes: 2 * count * type.byteCount) }

  func run(_ operands: KernelOperands) {
    backprop_polygamma(type.code, Int32(order), Int64(count), operands.start[0], operands.start[1])
  }
}

extension Tensor {
  /// The derivative of log Γ(x): infinite at 0, NaN at −1, −2, … Some 100 ns an element.
  public func digamma() -> Tensor { polygamma(0) }

  /// The derivative of this order of the digamma function, from 0 (digamma itself) to 20. Some 100 ns an element.
  ///
  /// Source: Abramowitz & Stegun, "Handbook of Mathematical Functions", 1964, section 6.4.
  public func polygamma(_ order: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .record(Polygamma(order: order), [self], CallSite(file, line))
  }
}
