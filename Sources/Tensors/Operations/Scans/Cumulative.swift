extension Tensor {
  /// The sum of the elements up to each one along an axis; of integers it wraps around. Here as below, a negative axis
  /// counts from the end, and the shape is that of the tensor.
  public func cumulativeSum(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    scanned(axis, "cumulativeSum", CallSite(file, line)) { axis in
      .record(LinearScan(axis: axis), [.fill(1, shape, dtype), self], CallSite(file, line))
    }
  }

  /// The product of the elements up to each one along an axis; of integers it wraps around.
  ///
  /// The gradient is correct where elements are 0, too: it is a scan of its own, and nothing is divided.
  public func cumulativeProduct(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    scanned(axis, "cumulativeProduct", CallSite(file, line)) { axis in
      let position = Tensor.iota(Shape(shape.indices.map { $0 == axis ? shape[$0] : 1 }), axis: axis)
      let first = Tensor.where(position.equal(to: .fill(0, [], .int32)), self, .fill(0, [], dtype))
      return .record(LinearScan(axis: axis), [self, first], CallSite(file, line))
    }
  }

  /// The greatest of the elements up to each one along an axis; NaN from the first NaN on. The gradient passes to the
  /// last of equal elements.
  public func cumulativeMax(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    extreme(axis, "cumulativeMax", isMinimum: false, CallSite(file, line))
  }

  /// The least of the elements up to each one along an axis; see `cumulativeMax`.
  public func cumulativeMin(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    extreme(axis, "cumulativeMin", isMinimum: true, CallSite(file, line))
  }

  /// log Σ eˣ over the elements up to each one along an axis, without overflow: float32 or float64.
  public func logCumulativeSumExp(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    scanned(axis, "logCumulativeSumExp", CallSite(file, line)) { axis in
      .record(LogCumulativeSumExp(axis: axis), [self], CallSite(file, line))
    }
  }

  private func extreme(_ axis: Int, _ name: String, isMinimum: Bool, _ site: CallSite) -> Tensor {
    scanned(axis, name, site) { axis in
      let positions = Tensor.record(CumulativeArgmax(axis: axis, isMinimum: isMinimum), [self], site)
      return .record(GatherAlong(axis: axis), [self, positions], site)
    }
  }

  private func scanned(_ axis: Int, _ name: String, _ site: CallSite, _ body: (Int) -> Tensor) -> Tensor {
    checked(site) { () throws(TensorError) in body(try shape.axis(axis, for: name)) }
  }
}
