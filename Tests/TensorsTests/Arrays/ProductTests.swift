import Testing

@testable import Tensors

/// Sums of products against matrix products and values by hand, and the errors of equations.
@Suite struct ProductTests {
  @Test func sumsOfProductsInEveryForm() throws {
    let a = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    let b = Tensor([1, 0, 2, 1, 0, 3], shape: [3, 2])
    #expect(try Tensor.einsum("ij,jk->ik", [a, b]).values() == a.matmul(b).values())
    #expect(try Tensor.einsum("ij->ji", [a]).values() == a.transposed.values())
    #expect(try a.tensordot(b, count: 1).values() == a.matmul(b).values())
    #expect(try a.cast(to: .int32).tensordot(b.cast(to: .int32), count: 1).values(as: Int32.self) == [5, 11, 14, 23])
    #expect(try Tensor([1, 0, 0], shape: [3]).cross(Tensor([0, 1, 0], shape: [3])).values() == [0, 0, 1])
    #expect(try Tensor.eye(2).kronecker(Tensor([1, 2], shape: [1, 2])).values() == [1, 2, 0, 0, 0, 0, 1, 2])
    #expect(try a.diagonal(offset: 1).values() == [2, 6])
    #expect(try a.matmul(b).trace().scalar() == 5 + 23)
  }

  @Test(arguments: ["ij,jk->", "ij->ii", "ij,kj->ik", "i1->i", "ij->k", "ij->i->j", "ijk->i", "->"])
  func equationsThatDoNotFitAreNamed(_ equation: String) throws {
    let (a, b) = (Tensor.ones([2, 3]), Tensor.ones([4, 2]))
    let operands = equation.contains(",") ? [a, b] : [a]
    let error = try #require(Tensor.einsum(equation, operands).failure)
    #expect(error.message.hasPrefix("einsum: ") && error.message.contains(equation))
  }
}
