import Backprop

/// What a language model writes over time, and where it is surprised.
enum TextSection {
  static func add(to page: inout Page, _ run: ReportedRun) {
    let samples = run.lines.compactMap { line in line.sample.map { (line.step, $0) } }
    if !samples.isEmpty {
      let parts = samples.map { step, text -> HTML in
        "\(HTML.heading("step \(ShownNumber.grouped(step))"))\(HTML.preformatted(text))"
      }
      // The last ones say most; the others show the way there.
      let (early, late) = (Array(parts.dropLast(2)), Array(parts.suffix(2)))
      let more: [HTML] = early.isEmpty ? [] : [.details("\(early.count) earlier ones", "\(early)")]
      page.section(
        "Samples", note: "Text that the network wrote during training, always from the same seed.", more + late)
    }
    guard case .language(let examination, let maps)? = run.examination else { return }
    if !examination.surprises.isEmpty {
      var table = PageTable(["text before", "what came", "probability", "what it expected"])
      for surprise in examination.surprises {
        let expected = surprise.expected.map { "\($0.text.visibleLineEnds) \(percent($0.probability))" }
        table.add([
          .init("<code>\(surprise.before.visibleLineEnds)</code>" as HTML),
          .init("<b><code>\(surprise.token.visibleLineEnds)</code></b>" as HTML),
          .init(ShownNumber(surprise.probability)), .init(expected.joined(separator: " · ")),
        ])
      }
      page.section(
        "Most surprising places",
        note: """
          Of \(ShownNumber.count(examination.count)) tokens of the validation text, these were least expected.
          """, [table.html])
    }
    if let maps { AttentionSection.add(to: &page, maps) }
  }

  private static func percent(_ share: Double) -> String { "\(ShownNumber.fixed(share * 100, places: 0)) %" }
}

/// Which positions each head of an attention layer looks at.
enum AttentionSection {
  static func add(to page: inout Page, _ maps: AttentionMaps) {
    guard !maps.layers.isEmpty else { return }
    let parts = maps.layers.map { layer -> HTML in
      let pictures = layer.heads.enumerated().compactMap { index, head in
        // The root shows small weights beside large ones.
        PagePicture(
          head.map { $0.squareRoot() }, channels: 1, height: layer.queries, width: layer.keys,
          range: 0...layer.greatest.squareRoot(),
          alternative: "attention of head \(index + 1)", caption: "head \(index + 1)")
      }
      return "\(HTML.heading(layer.name))\(PagePicture.grid(pictures, width: 150))"
    }
    page.section("Attention", note: "\(maps.note)", parts)
  }
}

extension String {
  /// With line ends and spaces at its ends in a visible form.
  var visibleLineEnds: String {
    let text = replacing("\n", with: "⏎").replacing("\t", with: "⇥")
    return text.allSatisfy { $0 == " " } ? String(repeating: "␣", count: text.count) : text
  }
}
