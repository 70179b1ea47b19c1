import CKernels
import RealModule

/// The discrete Fourier transform Σ x e^(∓2πi jk / n) of lines of complex numbers, which are pairs; nothing is divided by n.
///
/// operand: x [..., n, 2] → [..., n, 2]
struct Fourier: PrimitiveOperation {
  var isInverse = false

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    try checkPairs(operands)
    return operands
  }

  /// The transform of u in the other direction.
  func gradients(_ step: BackwardStep) -> [Tensor?] { [.record(Fourier(isInverse: !isInverse), [step.upstream])] }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    .floats(sums(of: operands, count: operands.shapes[0][-2], isInverse: isInverse))
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let n = lowering.ir.types[instruction.firstOutput].shape[-2]
    try lowering.emitTransform(isInverse ? BACKPROP_FOURIER_INVERSE : BACKPROP_FOURIER, n, instruction)
  }
}

/// The first half of the Fourier transform of lines of real numbers; the other half is its conjugate.
///
/// operand: x [..., n] → [..., n / 2 + 1, 2]
struct RealFourier: PrimitiveOperation {
  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let shape = operands[0].shape
    guard operands[0].dtype.isDifferentiable else { throw needsArithmetic(operands) }
    guard shape.rank >= 1, shape[-1] > 0 else {
      throw TensorError("\(name): needs lines of at least 1 number, not \(shape)")
    }
    return [TensorType(Shape(shape.dropLast() + [shape[-1] / 2 + 1, 2]), operands[0].dtype)]
  }

  /// `HermitianFourier` of u, halved where a number of u stands for two.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let n = step.operands[0].shape[-1]
    return [.record(HermitianFourier(count: n), [step.upstream / multiplicities(n, step.upstream.dtype)])]
  }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    .floats(sums(of: operands, count: operands.shapes[0][-1], isReal: true))
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let n = lowering.ir.types[instruction.inputs[0]].shape[-1]
    try lowering.emitTransform(BACKPROP_FOURIER_REAL, n, instruction)
  }
}

/// The inverse Fourier transform of the first half of what belongs to real numbers, times n. The imaginary parts of the first
/// number, and of the last where n is even, do not count.
///
/// operand: x [..., n / 2 + 1, 2] → [..., n]
struct HermitianFourier: PrimitiveOperation {
  let count: Int

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    try checkPairs(operands)
    let shape = operands[0].shape
    guard count > 0, shape[-2] == count / 2 + 1 else {
      throw TensorError(
        "\(name): \(count) real numbers have a transform of \(count / 2 + 1), not of \(shape[-2]): \(shape)")
    }
    return [TensorType(Shape(shape.dropLast(2) + [count]), operands[0].dtype)]
  }

  /// `RealFourier` of u, doubled where a number of the operand stands for two.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    [Tensor.record(RealFourier(), [step.upstream]) * multiplicities(count, step.upstream.dtype)]
  }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    .floats(sums(of: operands, count: count, isInverse: true))
  }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    try lowering.emitTransform(BACKPROP_FOURIER_HERMITIAN, count, instruction)
  }
}

/// How many numbers of a transform of n real numbers each of the first half stands for: [n / 2 + 1, 1].
private func multiplicities(_ n: Int, _ dtype: DType) -> Tensor {
  let counts = (0...(n / 2)).map { Float($0 == 0 || 2 * $0 == n ? 1 : 2) }
  return Tensor(counts, shape: [n / 2 + 1, 1]).cast(to: dtype)
}

extension Operation {
  fileprivate func checkPairs(_ operands: [TensorType]) throws(TensorError) {
    let shape = operands[0].shape
    guard operands[0].dtype.isDifferentiable else { throw needsArithmetic(operands) }
    guard shape.rank >= 2, shape[-1] == 2, shape[-2] > 0 else {
      throw TensorError("\(name): needs lines of complex numbers as pairs [..., n, 2], n ≥ 1, not \(shape)")
    }
  }
}

/// The definition, for each line: of complex or real numbers, or of half a line that stands for `count` numbers.
private func sums(
  of operands: ReferenceOperands, count n: Int, isInverse: Bool = false, isReal: Bool = false
) -> [Double] {
  let (x, shape) = (operands.arrays[0].floats, operands.shapes[0])
  let stored = isReal ? n : shape[-2]
  let isHalf = !isReal && operands.type.shape.rank < shape.rank
  let results = isReal ? n / 2 + 1 : n
  return (0..<shape.elementCount / (stored * (isReal ? 1 : 2))).flatMap { line in
    func number(_ j: Int) -> (re: Double, im: Double) {
      if isReal { return (x[line * n + j], 0) }
      let (place, isMirrored) = j < stored ? (j, false) : (n - j, true)
      let start = 2 * (line * stored + place)
      let im = isHalf && (j == 0 || 2 * j == n) ? 0 : x[start + 1]
      return (x[start], isMirrored ? -im : im)
    }
    return (0..<results).flatMap { k in
      let sum = (0..<n).reduce((re: 0.0, im: 0.0)) { sum, j in
        let angle = (isInverse ? 2 : -2) * Double.pi * Double(j * k % n) / Double(n)
        let (a, c, s) = (number(j), Double.cos(angle), Double.sin(angle))
        return (sum.re + a.re * c - a.im * s, sum.im + a.re * s + a.im * c)
      }
      return isHalf ? [sum.re] : [sum.re, isReal && (k == 0 || 2 * k == n) ? 0 : sum.im]
    }
  }
}

extension Lowering {
  fileprivate mutating func emitTransform(
    _ kind: backprop_fourier_kind, _ n: Int, _ instruction: IR.Instruction
  ) throws(TensorError) {
    let x = try contiguous(instruction.inputs[0])
    let isReal = kind == BACKPROP_FOURIER_REAL
    let lines = x.shape.dropLast(isReal ? 1 : 2).reduce(1, *)
    emit(FourierKernel(kind: kind.rawValue, type: x.dtype, lines: lines, n: n), [x], instruction)
  }
}

private struct FourierKernel: Kernel {
  let kind: UInt32
  let type: DType
  let lines: Int, n: Int

  var title: String { "Fourier transform \([lines, n])\(type.suffix)" }
  /// 5 n log₂ n operations a line, as transforms are usually counted.
  var cost: Cost {
    Cost(flops: lines * Int(5 * Double(n) * Double.log2(Double(n + 1))), bytes: 4 * lines * n * type.byteCount)
  }
  var threading: Threading { .bySize(cost) }

  func load(_ step: Step, into loader: inout KernelLoader) throws(TensorError) -> any LoadedKernel {
    let code = backprop_fourier_kind(rawValue: kind)
    let bytes = Int(backprop_fourier_table_bytes(type.code, code, Int64(n)))
    try Memory.check(bytes, for: "the roots of a Fourier transform of \(n) numbers")
    var table = [Double](repeating: 0, count: bytes / 8)
    guard backprop_fourier_prepare(type.code, code, Int64(n), &table) == 0 else {
      throw TensorError("fourier: no memory is left for the roots of a transform of \(n) numbers")
    }
    return LoadedFourier(kernel: Sizes(kind: kind, type: type, lines: lines, n: n), table: loader.tables.copy(table))
  }

  struct Sizes: BitwiseCopyable {
    let kind: UInt32
    let type: DType
    let lines: Int, n: Int
  }
}

private struct LoadedFourier: LoadedKernel {
  let kernel: FourierKernel.Sizes
  let table: UnsafePointer<Double>

  func run(_ operands: KernelOperands) throws(TensorError) {
    let status = backprop_fourier(
      kernel.type.code, backprop_fourier_kind(rawValue: kernel.kind), Int64(kernel.lines), Int64(kernel.n), table,
      operands.start[0], operands.start[1])
    guard status == 0 else { throw TensorError("fourier: no memory is left for lines of \(kernel.n) numbers") }
  }
}
