/// How units, weights and layers are called: units are numbered through the network from 1, as in the papers of 1986.
package struct ExplainedUnits: Sendable {
  package let sizes: [Int]

  package init(_ sizes: [Int]) { self.sizes = sizes }

  /// The number of a unit: of layer `layer`, the inputs being layer 0.
  package func number(_ unit: Int, of layer: Int) -> Int { sizes.prefix(layer).reduce(0, +) + unit + 1 }

  /// `w5←3`: the weight from unit 3 to unit 5.
  package func weight(from unit: Int, to other: Int, of layer: Int) -> String {
    "w\(number(other, of: layer))←\(number(unit, of: layer - 1))"
  }

  package func bias(_ unit: Int, of layer: Int) -> String { "b\(number(unit, of: layer))" }

  package func name(of layer: Int) -> String {
    layer == 0 ? "input" : layer == sizes.count - 1 ? "output" : sizes.count == 3 ? "hidden" : "hidden \(layer)"
  }

  /// The names of a parameter's elements in row-major order; parameters are weights and biases of each layer in turn.
  package func names(ofParameter index: Int) -> [String] {
    let layer = index / 2 + 1
    guard sizes.indices.contains(layer) else { return [] }
    return index.isMultiple(of: 2)
      ? (0..<sizes[layer - 1]).flatMap { from in (0..<sizes[layer]).map { weight(from: from, to: $0, of: layer) } }
      : (0..<sizes[layer]).map { bias($0, of: layer) }
  }
}
