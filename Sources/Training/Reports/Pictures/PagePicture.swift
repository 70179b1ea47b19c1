import Tensors

/// A picture in a page, with a caption.
package struct PagePicture: Sendable {
  package let width: Int
  package let height: Int
  package let channels: PNG.Channels
  /// Rows from top to bottom, pixels from left to right, the channels of a pixel together.
  package let pixels: [UInt8]
  private let source: String
  private let alternative: String
  private let caption: HTML

  /// A picture of PNG's numbers; `nil` where `PNG.encode` has none. `alternative` says what is on it.
  package init?(
    width: Int, height: Int, _ channels: PNG.Channels, _ pixels: [UInt8], alternative: String, caption: HTML = ""
  ) {
    guard let source = PNG.dataURI(width: width, height: height, channels, pixels) else { return nil }
    (self.width, self.height, self.channels, self.pixels) = (width, height, channels, pixels)
    self.source = source
    self.alternative = alternative
    self.caption = caption
  }

  /// A picture of numbers [channels, height, width] with 1 or 3 channels, or the first three of more.
  ///
  /// `range` are the numbers that become black and white, by default the least and the greatest. `nil` where the
  /// numbers are not that many or none.
  package init?(
    _ values: [Float], channels: Int, height: Int, width: Int, range: ClosedRange<Float>? = nil, alternative: String,
    caption: HTML = ""
  ) {
    guard channels > 0, height > 0, width > 0, channels.times(height).times(width) == values.count else { return nil }
    let finite = values.lazy.filter(\.isFinite)
    let low = range?.lowerBound ?? finite.min() ?? 0
    let high = range?.upperBound ?? finite.max() ?? 1
    let (used, area) = (channels < 3 ? 1 : 3, height * width)
    var pixels: [UInt8] = []
    pixels.reserveCapacity(used * area)
    for pixel in 0..<area {
      for channel in 0..<used {
        let value = values[channel * area + pixel]
        let share = high > low ? (value - low) / (high - low) : 0.5
        pixels.append(share.isFinite ? UInt8(min(max(share, 0), 1) * 255 + 0.5) : 0)
      }
    }
    self.init(
      width: width, height: height, used == 1 ? .gray : .rgb, pixels, alternative: alternative, caption: caption)
  }

  package var html: HTML {
    let text: HTML = caption.markup.isEmpty ? "" : "<figcaption>\(caption)</figcaption>"
    return "<figure><img class=\"pixels\" src=\"\(source)\" alt=\"\(alternative)\">\(text)</figure>"
  }

  /// Pictures in rows, as many a row as the page's width takes, each at least `width` pixels wide.
  package static func grid(_ pictures: [PagePicture], width: Int = 96) -> HTML {
    let size: HTML = width == 96 ? "" : " style=\"--picture:\(width)px\""
    return "<div class=\"pictures\"\(size)>\(pictures.map(\.html))</div>"
  }
}
