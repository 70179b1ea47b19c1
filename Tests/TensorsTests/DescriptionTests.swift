import Tensors
import Testing

/// The output of `print` for a tensor.
@Suite struct DescriptionTests {
  @Test(arguments: [
    (Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3]), "Tensor [2, 3] float32 [[1, 2, 3], [4, 5, 6]]"),
    (
      Tensor([0.5, -0.0, .nan, -.infinity, 1e-20, 1e20], shape: [6]),
      "Tensor [6] float32 [0.5, -0, nan, -inf, 1e-20, 1e+20]"
    ),
    (Tensor([7, -1] as [Int32], shape: [2, 1]), "Tensor [2, 1] int32 [[7], [-1]]"),
    (Tensor(2.5), "Tensor [] float32 2.5"),
    (Tensor([1, 2], shape: [2]) * 2 + 1, "Tensor [2] float32 [3, 5]"),
    (Tensor.zeros([2, 0]), "Tensor [2, 0] float32 [[], []]"),
    (Tensor.ones([100]), "Tensor [100] float32 [1, 1, 1, …, 1, 1, 1]"),
    (Tensor.ones([2, 33]), "Tensor [2, 33] float32 [[1, 1, 1, …, 1, 1, 1], [1, 1, 1, …, 1, 1, 1]]"),
    (Tensor.ones([64]).sum(keepingAxes: true), "Tensor [1] float32 [64]"),
    (Tensor.zeros([1 << 40, 0]), "Tensor [1099511627776, 0] float32 [[], [], [], …, [], [], []]"),
    (
      Tensor.ones([2]) + .ones([3]), "Tensor failed: add: shapes [2] and [3] do not broadcast: sizes must be equal or 1"
    ),
  ]) func showsShapeTypeAndNumbers(tensor: Tensor, text: String) { #expect("\(tensor)" == text) }
}
