import Backprop

/// The network as a drawing: its layers in the order of execution, each as wide as its output is large.
enum NetworkSection {
  static func add(to page: inout Page, _ run: ReportedRun) {
    guard !run.layers.isEmpty else { return }
    page.section(
      "Network",
      note: """
        Layers in the order of execution; a bar is the longer, the more numbers a layer gives for one example \
        (logarithmic).
        """, ["<figure class=\"wide\">\(HTML.key(key(run.layers)))\(drawing(run.layers))</figure>"])
  }

  private static func drawing(_ layers: [LayerTrace]) -> HTML {
    let row = 26.0
    let sizes = layers.map { max(Double($0.outputShape.dimensions.dropFirst().reduce(1) { $0.times($1) }), 1) }
    let greatest = max(sizes.max() ?? 1, 2)
    var drawing: HTML = ""
    for (index, layer) in layers.enumerated() {
      let y = Double(index) * row
      // By the number of digits: a convolution gives a thousand times as much as a classifier.
      let width = 12 + 110 * logarithm(sizes[index]) / logarithm(greatest)
      drawing += """
        <rect class="f\(color(layer.kind))" rx="3" x="\(at: 62 - width / 2)" y="\(at: y + 5)" width="\(at: width)" \
        height="15"><title>\(layer.name): \(layer.kind), \("\(layer.outputShape)"), \(layer.parameters) parameters</title></rect>
        """
      if index + 1 < layers.count {
        drawing += "<path class=\"axis\" d=\"M62 \(at: y + 20)V\(at: y + row + 5)\"/>"
      }
      let details = [
        layer.outputShape.dimensions.dropFirst().map(String.init).joined(separator: " × "),
        layer.parameters > 0 ? "\(ShownNumber.grouped(layer.parameters)) parameters" : "",
      ].filter { !$0.isEmpty }.joined(separator: " · ")
      drawing += """
        <text class="strong" x="132" y="\(at: y + 11)">\(shortened(layer.kind))</text>\
        <text x="132" y="\(at: y + 22)" style="font-size:9px">\(shortened(layer.name)) · \(details)</text>
        """
    }
    let height = Double(layers.count) * row + 4
    return """
      <svg viewBox="0 0 380 \(at: height)" style="max-width:560px" role="img" aria-label="layers of the network">\
      \(drawing)</svg>
      """
  }

  private static func shortened(_ text: String) -> String { text.count > 40 ? text.prefix(39) + "…" : text }

  private static func logarithm(_ value: Double) -> Double {
    // The exponent and the fraction above it, which is enough for the length of a bar.
    Double(value.exponent) + value.significand - 1
  }

  /// What colors stand for.
  private static let kinds = [
    (name: "products with weights", color: 0), (name: "normalization", color: 2),
    (name: "attention and recurrence", color: 1), (name: "others", color: 7),
  ]

  /// Those that there are.
  private static func key(_ layers: [LayerTrace]) -> [(name: String, color: Int)] {
    let found = Set(layers.map { color($0.kind) })
    return kinds.filter { found.contains($0.color) }
  }

  /// By the first word of a layer's summary.
  private static func color(_ kind: String) -> Int {
    let word = kind.prefix { $0 != " " }
    return switch true {
    case word.hasPrefix("Conv") || word.hasPrefix("Dense") || word.hasPrefix("Embedding"): 0
    case word.hasSuffix("Norm"): 2
    case word.contains("Attention") || word.contains("LSTM") || word.contains("GRU") || word.contains("Recurrent"): 1
    default: 7
    }
  }
}
