/// An image as floats from 0 to 1, channel after channel, row after row.
struct PixelPlanes {
  let channels: Int
  let height: Int
  let width: Int
  var values: [Float]
  /// The values before the last move: memory that the next one writes to.
  private var former: [Float] = []

  init(channels: Int, height: Int, width: Int, values: [Float]) {
    (self.channels, self.height, self.width, self.values) = (channels, height, width, values)
  }

  var planeSize: Int { height * width }

  /// How the pixels of a new image are found in the old one: (x, y) − center = matrix · ((x', y') − center) − shift.
  struct Placement: Equatable {
    // The matrix, row by row.
    var a: Float = 1
    var b: Float = 0
    var c: Float = 0
    var d: Float = 1
    // The shift in pixels of the new image.
    var x: Float = 0
    var y: Float = 0

    /// First this, then `other`.
    mutating func then(_ other: Placement) {
      (a, b, c, d) = (
        a * other.a + b * other.c, a * other.b + b * other.d, c * other.a + d * other.c, c * other.b + d * other.d
      )
      (x, y) = (x + other.x, y + other.y)
    }

    /// Whether it moves whole pixels, perhaps mirrored.
    var isWhole: Bool {
      abs(a) == 1 && b == 0 && c == 0 && d == 1 && x == x.rounded() && y == y.rounded()
    }
  }

  /// Moves the image to another place; what comes in from outside is 0.
  mutating func move(by placement: Placement) {
    swap(&values, &former)
    values.removeAll(keepingCapacity: true)
    values.reserveCapacity(former.count)
    if placement.isWhole {
      appendMoved(x: Int(placement.x), y: Int(placement.y), isMirrored: placement.a < 0)
    } else {
      appendSampled(at: placement)
    }
  }

  /// The former image moved by whole pixels after it was mirrored, row by row, as this is all that a flip or a shift
  /// needs.
  private mutating func appendMoved(x: Int, y: Int, isMirrored: Bool) {
    // Zeros on the left, columns of the old image, and zeros on the right.
    let left = min(max(x, 0), width)
    let first = min(max(-x, 0), width)
    let columns = first..<max(min(width - x, width), first)
    for channel in 0..<channels {
      for row in 0..<height {
        guard 0..<height ~= row - y else {
          values += repeatElement(0, count: width)
          continue
        }
        let start = channel * planeSize + (row - y) * width
        values += repeatElement(0, count: left)
        if isMirrored {
          let end = start + width
          values += former[end - columns.upperBound..<end - columns.lowerBound].reversed() as ReversedCollection
        } else {
          values += former[start + columns.lowerBound..<start + columns.upperBound]
        }
        values += repeatElement(0, count: width - left - columns.count)
      }
    }
  }

  private mutating func appendSampled(at placement: Placement) {
    let (centerX, centerY) = (Float(width - 1) / 2, Float(height - 1) / 2)
    for channel in 0..<channels {
      for row in 0..<height {
        let dy = Float(row) - centerY - placement.y
        for column in 0..<width {
          let dx = Float(column) - centerX - placement.x
          let x = placement.a * dx + placement.b * dy + centerX
          let y = placement.c * dx + placement.d * dy + centerY
          values.append(sample(channel, x, y))
        }
      }
    }
  }

  /// The former value between pixels, bilinear.
  private func sample(_ channel: Int, _ x: Float, _ y: Float) -> Float {
    // Beyond this, all four pixels are outside; also where a number is not finite.
    guard x > -1, y > -1, x < Float(width), y < Float(height) else { return 0 }
    let (left, top) = (Int(x.rounded(.down)), Int(y.rounded(.down)))
    let (fx, fy) = (x - Float(left), y - Float(top))
    func value(_ row: Int, _ column: Int) -> Float {
      row >= 0 && column >= 0 && row < height && column < width ? former[channel * planeSize + row * width + column] : 0
    }
    let upper = value(top, left) * (1 - fx) + value(top, left + 1) * fx
    let lower = value(top + 1, left) * (1 - fx) + value(top + 1, left + 1) * fx
    return upper * (1 - fy) + lower * fy
  }

  /// Moves the values of a channel so that its mean becomes 0, and multiplies them.
  mutating func standardize(_ channel: Int, mean: Float, scale: Float) {
    for index in channel * planeSize..<(channel + 1) * planeSize { values[index] = (values[index] - mean) * scale }
  }

  /// Multiplies all values.
  mutating func scaleBrightness(_ factor: Float) { blend(factor) { _ in 0 } }

  /// Moves values away from the mean luminance, or towards it.
  mutating func scaleContrast(_ factor: Float) {
    let mean = (0..<planeSize).reduce(Float(0)) { $0 + luminance($1) } / Float(max(planeSize, 1))
    blend(factor) { _ in mean }
  }

  /// Moves colors away from gray, or towards it. Gray images stay as they are.
  mutating func scaleSaturation(_ factor: Float) {
    guard channels == 3 else { return }
    let gray = (0..<planeSize).map(luminance)
    blend(factor) { gray[$0] }
  }

  private func luminance(_ pixel: Int) -> Float {
    guard channels == 3 else { return values[pixel] }
    return 0.299 * values[pixel] + 0.587 * values[planeSize + pixel] + 0.114 * values[2 * planeSize + pixel]
  }

  private mutating func blend(_ factor: Float, _ other: (_ pixel: Int) -> Float) {
    for channel in 0..<channels {
      for pixel in 0..<planeSize {
        let base = other(pixel)
        let value = base + factor * (values[channel * planeSize + pixel] - base)
        values[channel * planeSize + pixel] = min(max(value, 0), 1)
      }
    }
  }

  /// Keeps the highest `bits` bits of eight.
  mutating func posterize(bits: Int) {
    let step = Float(1 << (8 - min(max(bits, 1), 8)))
    for index in values.indices { values[index] = (values[index] * 255 / step).rounded(.down) * step / 255 }
  }

  /// Inverts the values from `threshold` on.
  mutating func solarize(above threshold: Float) {
    for index in values.indices where values[index] >= threshold { values[index] = 1 - values[index] }
  }

  /// Makes the 256 levels of each channel about equally frequent.
  mutating func equalize() {
    for channel in 0..<channels {
      let range = channel * planeSize..<(channel + 1) * planeSize
      var counts = [Int](repeating: 0, count: 256)
      let level = { (value: Float) in Int((min(max(value, 0), 1) * 255).rounded()) }
      for index in range { counts[level(values[index])] += 1 }
      // The lowest level becomes 0.
      let lowest = counts.first { $0 > 0 } ?? 0
      guard planeSize > lowest else { continue }
      var (sum, levels) = (0, [Float](repeating: 0, count: 256))
      for index in 0..<256 {
        sum += counts[index]
        levels[index] = Float(max(sum - lowest, 0)) / Float(planeSize - lowest)
      }
      for index in range { values[index] = levels[level(values[index])] }
    }
  }
}
