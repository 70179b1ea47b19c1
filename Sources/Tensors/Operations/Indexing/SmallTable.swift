/// A gather of more rows than the table has.
///
/// With fewer rows in the table than are gathered, the product of the whole table costs less than that of the rows:
/// gather(E, n) · W = gather(E · W, n). The two gradients are rewritten likewise, with the rows added up first:
/// gather(E, n)ᵀ · D = Eᵀ · scatterAdd(n, D), and scatterAdd(n, D · V) = scatterAdd(n, D) · V. So a recurrent language
/// model's first layer costs a product with its vocabulary, not with its text.
struct SmallTable {
  let table: Int
  let numbers: Int

  init?(gatheredIn value: Int, _ ir: IR) {
    guard let (_, operands) = ir.producer(of: value, as: Gather.self), ir.types[value].shape.rank == 2,
      ir.types[operands[0]].shape[0] < ir.types[value].shape[0]
    else { return nil }
    (table, numbers) = (operands[0], operands[1])
  }
}

extension Matmul {
  func rewritten(_ operands: [Int], in ir: inout IR) throws(TensorError) -> [Int]? {
    guard operands.allSatisfy({ ir.types[$0].shape.rank == 2 }) else { return nil }
    if let rows = SmallTable(gatheredIn: operands[0], ir) {
      return try ir.add(Gather(), try ir.add(self, [rows.table, operands[1]]) + [rows.numbers])
    }
    let transposition = Permute(order: [1, 0])
    guard let source = ir.operands(of: operands[0], from: transposition),
      let rows = SmallTable(gatheredIn: source[0], ir)
    else { return nil }
    let sums = try ir.add(ScatterAdd(rows: ir.types[rows.table].shape[0]), [rows.numbers, operands[1]])
    return try ir.add(self, try ir.add(transposition, [rows.table]) + sums)
  }
}
