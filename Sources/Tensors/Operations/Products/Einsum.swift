extension Tensor {
  /// Products summed over the axes that the result does not name: `einsum("ij,jk->ik", [a, b])` is a matrix product.
  ///
  /// Each operand has a letter for each axis; equal letters are one axis, of one size. What stands behind the arrow are the
  /// axes of the result in order; without an arrow, they are the letters that occur once, in alphabetical order. A letter
  /// that an operand has twice takes its diagonal. Spaces are ignored.
  ///
  /// Operands are combined from left to right, each time by one matrix product; the order decides on the cost, as
  /// 2 · (product of the sizes of all letters of a pair) operations each.
  ///
  /// Source: Einstein, "Die Grundlage der allgemeinen Relativitätstheorie", Annalen der Physik 49 (1916), § 5 (the
  /// convention).
  public static func einsum(
    _ equation: String, _ operands: [Tensor], file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    if let failed = operands.first(where: { $0.failure != nil }) { return failed }
    return .checked(CallSite(file, line)) { () throws(TensorError) in
      let plan = try EinsumEquation(equation, operands)
      var result = LabeledTensor(tensor: operands[0], labels: plan.inputs[0]).diagonal
      for index in operands.indices.dropFirst() {
        let needed = Set(plan.output + plan.inputs[(index + 1)...].joined())
        let next = LabeledTensor(tensor: operands[index], labels: plan.inputs[index]).diagonal
        result = result.contracted(with: next, keeping: needed)
      }
      return result.summed(keeping: Set(plan.output)).permuted(to: plan.output).tensor
    }
  }
}

/// The letters of each operand and of the result.
private struct EinsumEquation {
  var inputs: [[Character]]
  var output: [Character]

  init(_ equation: String, _ operands: [Tensor]) throws(TensorError) {
    func wrong(_ what: String) -> TensorError { TensorError("einsum: \(what) in \"\(equation)\"") }
    let sides = equation.filter { $0 != " " }.split(separator: "->", omittingEmptySubsequences: false)
    guard sides.count <= 2 else { throw wrong("there must be at most one arrow") }
    inputs = sides[0].split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
    let named = inputs.joined()
    guard (named + (sides.count == 2 ? Array(sides[1]) : [])).allSatisfy({ $0.isASCII && $0.isLetter }) else {
      throw wrong("an axis must be a letter from a to z or A to Z")
    }
    guard inputs.count == operands.count, !operands.isEmpty else {
      throw wrong("there must be letters for \(operands.count) operands, and there are for \(inputs.count)")
    }
    let once = named.filter { letter in named.count { $0 == letter } == 1 }.sorted()
    output = sides.count == 2 ? Array(sides[1]) : once
    guard Set(output).count == output.count, output.allSatisfy(Set(named).contains) else {
      throw wrong("the result must have letters of operands, each once")
    }
    var sizes: [Character: Int] = [:]
    for (letters, operand) in zip(inputs, operands) {
      guard letters.count == operand.shape.rank else {
        throw wrong("\(String(letters)) names \(letters.count) axes of a tensor \(operand.shape)")
      }
      for (letter, size) in zip(letters, operand.shape) {
        guard sizes[letter, default: size] == size else {
          throw wrong("the axis \(letter) is \(sizes[letter] ?? 0) and \(size) long")
        }
        sizes[letter] = size
      }
    }
  }
}

/// A tensor with a letter for each axis.
private struct LabeledTensor {
  var tensor: Tensor
  var labels: [Character]

  /// The diagonals of axes with the same letter.
  var diagonal: LabeledTensor {
    var result = self
    while let (first, second) = result.repeatedAxes {
      let letter = result.labels[first]
      result.tensor = result.tensor.diagonal(axes: (first, second))
      result.labels =
        result.labels.enumerated().filter { $0.offset != first && $0.offset != second }.map(\.element) + [letter]
    }
    return result
  }

  private var repeatedAxes: (Int, Int)? {
    for (index, letter) in labels.enumerated() {
      if let second = labels[(index + 1)...].firstIndex(of: letter) { return (index, second) }
    }
    return nil
  }

  func summed(keeping needed: Set<Character>) -> LabeledTensor {
    let axes = labels.indices.filter { !needed.contains(labels[$0]) }
    return axes.isEmpty ? self : LabeledTensor(tensor: tensor.sum(axes: axes), labels: labels.filter(needed.contains))
  }

  func permuted(to order: [Character]) -> LabeledTensor {
    if order == labels { return self }
    return LabeledTensor(tensor: tensor.permuted(order.map { labels.firstIndex(of: $0) ?? 0 }), labels: order)
  }

  /// The product of both, summed over the letters that are not needed, as one product of matrices [batch, m, k] · [batch,
  /// k, n].
  func contracted(with other: LabeledTensor, keeping needed: Set<Character>) -> LabeledTensor {
    let a = summed(keeping: needed.union(other.labels))
    let b = other.summed(keeping: needed.union(labels))
    let shared = a.labels.filter(b.labels.contains)
    let (batch, inner) = (shared.filter(needed.contains), shared.filter { !needed.contains($0) })
    let (left, right) = (a.labels.filter { !shared.contains($0) }, b.labels.filter { !shared.contains($0) })
    func size(_ letters: [Character], of x: LabeledTensor) -> Int {
      letters.reduce(1) { $0 * x.tensor.shape[x.labels.firstIndex(of: $1) ?? 0] }
    }
    func sizes(_ letters: [Character], of x: LabeledTensor) -> [Int] { letters.map { size([$0], of: x) } }
    let (batches, k) = (size(batch, of: a), size(inner, of: a))
    let first = a.permuted(to: batch + left + inner).tensor.reshaped(to: [batches, size(left, of: a), k])
    let second = b.permuted(to: batch + inner + right).tensor.reshaped(to: [batches, k, size(right, of: b)])
    let product = batch.isEmpty ? first[0].matmul(second[0]) : first.matmul(second)
    return LabeledTensor(
      tensor: product.reshaped(to: Shape(sizes(batch + left, of: a) + sizes(right, of: b))),
      labels: batch + left + right)
  }
}
