// Made by tools/make_listings.py from Sources/Backprop/Backprop.docc/YourOwnOperation.md, where changes belong.
import Backprop
import Testing

extension Tensor {
  /// x · tanh(log(1 + eˣ)). Source: Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", 2019.
  func mish() -> Tensor { self * softplus().tanh() }
}

private func binarized(_ x: Tensor) -> Tensor {
  Tensor.customGradient(of: x) {
    $0.sign()
  } gradient: { x, y, upstream in
    Tensor.where(x.abs().lessOrEqual(to: 1), upstream, 0)
  }
}

private func naive(_ x: Tensor) -> Tensor { (1 + x.exp()).log() }

private func stable(_ x: Tensor) -> Tensor {
  Tensor.customGradient(of: x) {
    maximum($0, 0) + (1 + (-$0.abs()).exp()).log()
  } gradient: { x, y, upstream in
    upstream * x.sigmoid()
  }
}

private func pairwiseDistances(
  _ points: Tensor, file: StaticString = #fileID, line: UInt = #line
) -> Tensor {  // [points, dimensions] -> [points, points]
  guard points.failure == nil else { return points }
  guard points.shape.rank == 2 else {
    return .failed(
      TensorError(
        "pairwiseDistances: points must be [points, dimensions], not \(points.shape)", callSite: CallSite(file, line)))
  }
  return (points[0..., .newAxis] - points[.newAxis]).square().sum(axes: [-1]).sqrt()
}

@Suite struct YourOwnOperationListings {
  @Test func listing() throws {
    let x = Tensor([-2, -0.5, 0.5, 3], shape: [4])
    print(x.mish())
    expectPrinted("Tensor [4] float32 [-0.2525…, -0.2207…, 0.3752…, 2.9865…]")

    let check = try gradientCheck({ $0[0].mish() }, at: [x], order: 2)
    #expect(check.passes(tolerance: 1e-6), "\(check)")

    print(binarized(x))
    expectPrinted("Tensor [4] float32 [-1, -1, 1, 1]")
    print(gradients(of: binarized(x).sum(), withRespectTo: [x])[0] ?? 0)
    expectPrinted("Tensor [4] float32 [0, 1, 1, 0]")

    let large = Tensor(100)
    print(try naive(large).scalar(), try stable(large).scalar())
    expectPrinted("inf 100.0")
    print(try gradients(of: naive(large), withRespectTo: [large])[0]?.scalar().isNaN ?? false)
    expectPrinted("true")
    print(try gradients(of: stable(large), withRespectTo: [large])[0]?.scalar() ?? 0)
    expectPrinted("1.0")

    print(pairwiseDistances(Tensor([0, 0, 3, 4], shape: [2, 2])))
    expectPrinted("Tensor [2, 2] float32 [[0, 5], [5, 0]]")
    do {
      _ = try pairwiseDistances(x).values()
    } catch {
      print(error)
    }
    expectPrinted(
      "pairwiseDistances: points must be [points, dimensions], not [4]",
      "  called at …")
  }
}
