/// Learning rates that fall from the output down, to fine-tune a network whose lower layers are more general.
///
/// Source: Howard & Ruder, "Universal Language Model Fine-tuning for Text Classification", ACL 2018, section 3.2.
package enum LayerDecay {
  /// The factor of each parameter's learning rate by its name: `decay` to the power of how many layers are above its own,
  /// so 1 for the last layer. Layers are in the order of the model's properties.
  package static func factors(of model: any Layer, _ decay: Float) -> [String: Float] {
    let names = model.parameters.map(\.name)
    let layers = names.map(layer).reduce(into: [Substring]()) { if !$0.contains($1) { $0.append($1) } }
    return names.reduce(into: [:]) { factors, name in
      let above = layers.count - 1 - (layers.firstIndex(of: layer(name)) ?? 0)
      factors[name] = (0..<above).reduce(Float(1)) { product, _ in product * decay }
    }
  }

  /// What a name has up to its first number, such as `blocks.3` of `blocks.3.attention.query.weight`; the first part of
  /// a name without one.
  private static func layer(_ name: String) -> Substring {
    let parts = name.split(separator: ".")
    let count = parts.firstIndex { Int($0) != nil }.map { $0 + 1 } ?? 1
    return name.prefix(parts.prefix(count).reduce(count - 1) { $0 + $1.count })
  }
}
