extension IR {
  /// A gather of more rows than the table has.
  ///
  /// With fewer rows in the table than are gathered, the product of the whole table costs less than that of the rows:
  /// gather(E, n) · W = gather(E · W, n). The two gradients are rewritten likewise, with the rows added up first:
  /// gather(E, n)ᵀ · D = Eᵀ · scatterAdd(n, D), and scatterAdd(n, D · V) = scatterAdd(n, D) · V. So a recurrent language
  /// model's first layer costs a product with its vocabulary, not with its text.
  fileprivate func smallTable(gatheredIn value: Int) -> (table: Int, numbers: Int)? {
    guard let (_, operands) = producer(of: value, as: Gather.self), types[value].shape.rank == 2,
      types[operands[0]].shape[0] < types[value].shape[0]
    else { return nil }
    return (operands[0], operands[1])
  }
}

extension Matmul {
  func rewritten(_ operands: [Int], in ir: inout IR) throws(TensorError) -> [Int]? {
    guard operands.allSatisfy({ ir.types[$0].shape.rank == 2 }) else { return nil }
    if let rows = ir.smallTable(gatheredIn: operands[0]) {
      return try ir.add(Gather(), try ir.add(self, [rows.table, operands[1]]) + [rows.numbers])
    }
    let transposition = Permute(order: [1, 0])
    guard let source = ir.operands(of: operands[0], from: transposition),
      let rows = ir.smallTable(gatheredIn: source[0])
    else { return nil }
    let sums = try ir.add(ScatterAdd(rows: ir.types[rows.table].shape[0]), [rows.numbers, operands[1]])
    return try ir.add(self, try ir.add(transposition, [rows.table]) + sums)
  }
}
