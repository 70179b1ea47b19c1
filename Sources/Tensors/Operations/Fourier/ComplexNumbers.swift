/// Complex numbers are pairs of a real and an imaginary part along a last axis of size 2.
extension Tensor {
  /// Complex numbers [..., 2] of real and imaginary parts [...], which broadcast.
  public static func complex(
    _ real: Tensor, _ imaginary: Tensor, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let (a, b) = Tensor.matched(real, imaginary)
    if let failed = [a, b].first(where: { $0.failure != nil }) { return failed }
    return .checked(CallSite(file, line)) { () throws(TensorError) in
      guard let shape = a.shape.broadcast(with: b.shape), a.dtype == b.dtype else {
        throw TensorError("complex: needs real and imaginary parts of one type and shape, not \(a.type) and \(b.type)")
      }
      return .stacked([a.broadcast(to: shape), b.broadcast(to: shape)], axis: -1)
    }
  }

  /// The real parts of complex numbers: [..., 2] → [...].
  public func realPart(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    ofPairs("realPart", CallSite(file, line)) { real, _ in real }
  }

  /// The imaginary parts of complex numbers: [..., 2] → [...].
  public func imaginaryPart(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    ofPairs("imaginaryPart", CallSite(file, line)) { _, imaginary in imaginary }
  }

  /// The magnitudes of complex numbers: [..., 2] → [...]. The gradient at 0 is 0.
  public func complexMagnitude(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    ofPairs("complexMagnitude", CallSite(file, line)) { _, _ in norm(axes: [-1]) }
  }

  /// The angles of complex numbers, from −π to π: [..., 2] → [...].
  public func complexAngle(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    ofPairs("complexAngle", CallSite(file, line)) { real, imaginary in atan2(imaginary, real) }
  }

  /// The conjugates of complex numbers [..., 2].
  public func complexConjugate(file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    ofPairs("complexConjugate", CallSite(file, line)) { real, imaginary in .complex(real, -imaginary) }
  }

  /// The products of complex numbers [..., 2] and others, which broadcast.
  public func complexProduct(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    let site = CallSite(file, line)
    return ofPairs("complexProduct", site) { a, b in
      other.ofPairs("complexProduct", site) { c, d in .complex(a * c - b * d, a * d + b * c) }
    }
  }

  private func ofPairs(_ name: String, _ site: CallSite, _ body: (Tensor, Tensor) -> Tensor) -> Tensor {
    checked(site) { () throws(TensorError) in
      guard shape.rank >= 1, shape[-1] == 2, dtype.isDifferentiable else {
        throw TensorError("\(name): needs complex numbers as pairs [..., 2] of float32 or float64, not \(type)")
      }
      return body(self[.ellipsis, 0], self[.ellipsis, 1])
    }
  }
}
