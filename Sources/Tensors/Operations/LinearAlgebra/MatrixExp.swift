import LAPACKShim
import RealModule

/// The exponential Σ aⁱ / i! of a square matrix.
///
/// operands: a [..., n, n] → [..., n, n]
struct MatrixExp: MatrixOperation {
  var routine: backprop_matrix_routine { BACKPROP_MATRIX_EXP }
  func size(rows m: Int, columns n: Int, others k: Int) -> (Int, Int) { (n, n) }

  /// The upper right block of exp [[aᵀ, u], [0, aᵀ]]; it is linear in u, which is brought to 1 first: a large block would
  /// cost squarings, and with them digits.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (at, n) = (step.operands[0].transposed, step.operands[0].shape[-1])
    guard at.shape.elementCount > 0 else { return [step.upstream] }
    let greatest = step.upstream.abs().max(axes: [-2, -1], keepingAxes: true).stoppingGradient()
    let size = Tensor.where(greatest.isNotZero, greatest, Tensor.fill(1))
    let lower = Tensor.concatenated([.zeros(at.shape, dtype: at.dtype), at], axis: -1)
    let blocks = Tensor.concatenated([.concatenated([at, step.upstream / size], axis: -1), lower], axis: -2)
    return [Tensor.record(MatrixExp(), [blocks])[.ellipsis, ..<n, n...] * size]
  }

  /// The series for a / 2ˢ, squared s times.
  func result(_ a: Matrix, _ b: Matrix?) -> Matrix {
    let norm = a.values.reduce(0) { $0 + abs($1) }
    let squarings = norm > 0.5 ? Int(Double.log2(norm).rounded(.up)) + 1 : 0
    let scaled = a.scaled(by: Double.exp2(-Double(squarings)))
    var (sum, term) = (Matrix.identity(a.rows), Matrix.identity(a.rows))
    for i in 1...24 {
      term = (term * scaled).scaled(by: 1 / Double(i))
      sum = sum + term
    }
    for _ in 0..<squarings { sum = sum * sum }
    return sum
  }
}

extension Tensor {
  /// The exponentials Σ aⁱ / i! of square matrices a [..., n, n], not those of their elements. Some 20 matrix products, and
  /// one more for each doubling of the norm.
  ///
  /// Sources: Higham, "The Scaling and Squaring Method for the Matrix Exponential Revisited", SIAM Journal on Matrix
  /// Analysis and Applications 26 (2005); of the gradient: Mathias, "A Chain Rule for Matrix Functions and Applications", ibid. 17 (1996).
  public func matrixExp(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .record(MatrixExp(), [self], CallSite(file, line))
  }

  /// This power of square matrices [..., n, n]; a negative one is that of the inverse. As many products as the exponent has
  /// bits, and another one for each bit that is 1.
  public func matrixPower(_ exponent: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      guard shape.rank >= 2, shape[-1] == shape[-2], dtype.isDifferentiable else {
        throw TensorError("matrixPower: needs square matrices of float32 or float64, not \(type)")
      }
      var power = exponent < 0 ? inverse(file: file, line: line) : self
      var (result, left) = (nil as Tensor?, exponent.magnitude)
      while left > 0 {
        if left & 1 == 1 { result = result.map { $0.matmul(power) } ?? power }
        left >>= 1
        if left > 0 { power = power.matmul(power) }
      }
      return result ?? Tensor.eye(shape[-1], dtype: dtype).broadcast(to: shape)
    }
  }
}
