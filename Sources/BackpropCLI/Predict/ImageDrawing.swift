/// Draws gray images with characters, two a pixel so that pixels are about square.
enum ImageDrawing {
  private static let shades: [Character] = [" ", "░", "▒", "▓", "█"]

  /// The lines of one image; `pixels` holds its rows one after the other. The darkest pixel is empty, the brightest full.
  static func lines(_ pixels: [Float], width: Int) -> [String] {
    guard width > 0, let low = pixels.min(), let high = pixels.max() else { return [] }
    let range = max(high - low, .leastNormalMagnitude)
    return stride(from: 0, to: pixels.count, by: width).map { start in
      pixels[start..<min(start + width, pixels.count)].map { pixel in
        let share = (pixel - low) / range
        let level = share.isFinite ? Int((share * Float(shades.count - 1)).rounded()) : 0
        return String(repeating: shades[min(max(level, 0), shades.count - 1)], count: 2)
      }.joined()
    }
  }

  /// Images next to each other with a caption under each, as many in a row as fit into `columns` columns.
  static func gallery(_ images: [(lines: [String], caption: [String])], columns: Int) -> [String] {
    let cell = (images.flatMap { $0.lines + $0.caption }.map(\.displayWidth).max() ?? 0) + 3
    let perRow = max(columns / max(cell, 1), 1)
    var result: [String] = []
    for start in stride(from: 0, to: images.count, by: perRow) {
      let row = images[start..<min(start + perRow, images.count)].map { $0.lines + [""] + $0.caption }
      for line in 0..<(row.map(\.count).max() ?? 0) {
        let cells = row.map { lines in
          (line < lines.count ? lines[line] : "").padded(to: cell)
        }
        result.append(cells.joined())
      }
      result.append("")
    }
    return result
  }
}
