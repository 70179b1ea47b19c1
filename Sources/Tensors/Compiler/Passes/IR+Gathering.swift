extension IR {
  /// Movements of movements as one, and products with rows that were gathered from a small table as products with the
  /// table; `nil` where the pattern does not match.
  ///
  /// With fewer rows in the table than are gathered, the product of the whole table costs less than that of the rows:
  /// gather(E, n) · W = gather(E · W, n). The two gradients are rewritten likewise, with the rows added up first:
  /// gather(E, n)ᵀ · D = Eᵀ · scatterAdd(n, D), and scatterAdd(n, D · V) = scatterAdd(n, D) · V. So a recurrent language
  /// model's first layer costs a product with its vocabulary, not with its text.
  mutating func addMoved(_ op: Op, _ inputs: [Int]) throws(TensorError) -> [Int]? {
    switch op {
    case .permute(let order):
      guard case .permute(let inner) = self.op(inputs[0]) else { return nil }
      return try add(.permute(order.map { inner[$0] }), operands(inputs[0]))
    case .reshape(let shape):
      switch self.op(inputs[0]) {
      case .reshape: return try add(.reshape(shape), operands(inputs[0]))
      case .gather where shape.rank > 0 && shape[-1] == types[inputs[0]].shape[-1] && shape[-1] > 0:
        let numbers = try add(.reshape(Shape(shape.dropLast())), [operands(inputs[0])[1]])
        return try add(.gather, [operands(inputs[0])[0]] + numbers)
      default: return nil
      }
    case .matmul:
      guard types[inputs[0]].shape.rank == 2, types[inputs[1]].shape.rank == 2 else { return nil }
      if case .gather = self.op(inputs[0]), let (table, numbers) = smallTable(inputs[0]) {
        return try add(.gather, try add(.matmul, [table, inputs[1]]) + [numbers])
      }
      guard case .permute([1, 0]) = self.op(inputs[0]), let (table, numbers) = smallTable(operands(inputs[0])[0]) else {
        return nil
      }
      let sums = try add(.scatterAdd(rows: types[table].shape[0]), [numbers, inputs[1]])
      return try add(.matmul, try add(.permute([1, 0]), [table]) + sums)
    case .scatterAdd(let rows):
      let (numbers, x) = (inputs[0], inputs[1])
      if case .reshape = self.op(x), types[operands(x)[0]].shape.rank == 2,
        types[operands(x)[0]].shape[1] == types[x].shape[-1], types[x].shape[-1] > 0
      {
        let flat = try add(.reshape([types[numbers].shape.elementCount]), [numbers])
        return try add(op, flat + [operands(x)[0]])
      }
      guard types[x].shape.rank == 2, rows < types[x].shape[0], case .matmul = self.op(x),
        operands(x).allSatisfy({ types[$0].shape.rank == 2 })
      else { return nil }
      let sums = try add(op, [numbers, operands(x)[0]])
      return try add(.matmul, sums + [operands(x)[1]])
    default: return nil
    }
  }

  private func op(_ value: Int) -> Op { instructions[producer[value]].op }
  private func operands(_ value: Int) -> [Int] { instructions[producer[value]].inputs }

  /// Table and indices of a gather of more rows, [rows, width], than the table has.
  private func smallTable(_ value: Int) -> (table: Int, numbers: Int)? {
    guard case .gather = op(value), types[value].shape.rank == 2 else { return nil }
    let table = operands(value)[0]
    return types[table].shape[0] < types[value].shape[0] ? (table, operands(value)[1]) : nil
  }
}
