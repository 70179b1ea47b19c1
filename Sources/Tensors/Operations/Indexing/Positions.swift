// Tensors that compare the positions of rows and columns.

extension Tensor {
  /// 1 on the diagonal and 0 elsewhere: [rows, columns], square by default.
  public static func eye(
    _ rows: Int, _ columns: Int? = nil, dtype: DType = .float32, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let column = Tensor.iota([rows, 1], axis: 0)
    return column.equal(to: .iota([columns ?? rows], axis: 0)).cast(to: dtype).called(at: CallSite(file, line))
  }

  /// 1 at the class of each label and 0 elsewhere: int32 [...] → [..., classes]; all 0 where a label is not a class.
  /// Labels have no gradient.
  public func oneHot(
    classes: Int, dtype: DType = .float32, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      guard self.dtype == .int32 else { throw TensorError("oneHot: labels must be int32, not \(type)") }
      return unsqueezed(axis: -1).equal(to: .iota([classes], axis: 0)).cast(to: dtype)
    }
  }

  /// The lower triangles of matrices [..., rows, columns]: 0 above the diagonal. `diagonal`: how many diagonals above
  /// the main one remain too; negative: how many up to it are 0 too. What becomes 0 has gradient 0.
  public func tril(diagonal: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    triangle("tril", diagonal, CallSite(file, line)) { zero, column, limit in
      .where(column.lessOrEqual(to: limit), self, zero)
    }
  }

  /// The upper triangles of matrices [..., rows, columns]: 0 below the diagonal. `diagonal`: how many diagonals from the
  /// main one on are 0 too; negative: how many below it remain too. What becomes 0 has gradient 0.
  public func triu(diagonal: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    triangle("triu", diagonal, CallSite(file, line)) { zero, column, limit in
      .where(column.less(than: limit), zero, self)
    }
  }

  /// Calls `body` with a 0, the columns' numbers, and each row's number plus `diagonal`.
  private func triangle(
    _ name: String, _ diagonal: Int, _ site: CallSite, _ body: (Tensor, Tensor, Tensor) -> Tensor
  ) -> Tensor {
    checked(site) { () throws(TensorError) in
      guard shape.rank >= 2 else { throw TensorError("\(name): needs [..., rows, columns], not \(shape)") }
      let (rows, columns) = (shape[-2], shape[-1])
      // Beyond these all is in the triangle, or nothing.
      let shift = Swift.min(Swift.max(diagonal, -rows), columns)
      let limit = Tensor.iota([rows, 1], axis: 0) + .fill(Double(shift), [], .int32)
      return body(.fill(0, [], dtype), .iota([columns], axis: 0), limit)
    }
  }
}
