extension ImageTransform {
  /// The luminance in all three channels; images of one channel stay as they are.
  public static let grayscale = ImageTransform { image, _ throws(DataError) in
    try check(image.channels == 1 || image.channels == 3, "grayscale is of 1 or 3 channels, not of \(image.channels)")
    guard image.channels == 3 else { return }
    let size = image.planeSize
    for pixel in 0..<size {
      let (red, green, blue) = (image.values[pixel], image.values[size + pixel], image.values[2 * size + pixel])
      let gray = 0.2989 * red + 0.587 * green + 0.114 * blue
      for channel in 0..<3 { image.values[channel * size + pixel] = gray }
    }
  }

  /// 1 less each value.
  public static let inverted = eachValue { 1 - $0 }

  /// Sharper for factors above 1, blurred for 0, as it is for 1. Images of less than three rows or columns stay as they are.
  public static func sharpness(_ factor: Double) -> ImageTransform {
    ImageTransform { image, _ throws(DataError) in
      try check(factor >= 0 && factor.isFinite, "the sharpness should be a number of at least 0, not \(factor)")
      image.sharpen(by: Float(factor))
    }
  }

  /// Blurred by a Gaussian with a standard deviation that is drawn from a range, in pixels, cut to `size` · `size` pixels,
  /// which is odd. Borders are mirrored.
  public static func gaussianBlur(size: Int, sigma: ClosedRange<Double> = 0.1...2) -> ImageTransform {
    ImageTransform { image, generator throws(DataError) in
      try check(
        size > 0 && size % 2 == 1 && size / 2 < min(image.height, image.width),
        "the size of a blur should be odd, and half of it less than each side of \(image.height) × \(image.width), not \(size)"
      )
      try check(
        sigma.lowerBound > 0 && sigma.upperBound.isFinite, "the blur should be of more than 0 pixels, not of \(sigma)")
      let drawn = sigma.lowerBound + generator.unit() * (sigma.upperBound - sigma.lowerBound)
      image.blur(size: size, sigma: drawn)
    }
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension PixelPlanes {
  /// Away from a blurred image, or towards it; at the border there is no blur.
  mutating func sharpen(by factor: Float) {
    guard height > 2, width > 2 else { return }
    let old = values
    for channel in 0..<channels {
      for row in 0..<height {
        for column in 0..<width {
          let index = channel * planeSize + row * width + column
          var soft = old[index]
          if 1..<height - 1 ~= row, 1..<width - 1 ~= column {
            var sum = 4 * old[index]
            for near in [index - width, index, index + width] { sum += old[near - 1] + old[near] + old[near + 1] }
            soft = sum / 13
          }
          values[index] = min(max(factor * old[index] + (1 - factor) * soft, 0), 1)
        }
      }
    }
  }

  /// By a Gaussian of this standard deviation, along rows and then along columns. `size` is odd, and half of it less than each
  /// side.
  mutating func blur(size: Int, sigma: Double) {
    let half = size / 2
    let powers = (-half...half).map { exp(-0.5 * Double($0 * $0) / (sigma * sigma)) }
    let sum = powers.reduce(0, +)
    let kernel = powers.map { Float($0 / sum) }
    for isVertical in [false, true] {
      let (length, step, old) = (isVertical ? height : width, isVertical ? width : 1, values)
      for line in 0..<channels * planeSize / max(length, 1) {
        // Lines are rows, or columns of each channel.
        let start = isVertical ? line / width * planeSize + line % width : line * width
        for place in 0..<length {
          var result: Float = 0
          for (offset, weight) in zip(-half...half, kernel) {
            var source = abs(place + offset)
            if source >= length { source = 2 * (length - 1) - source }
            result += weight * old[start + source * step]
          }
          values[start + place * step] = result
        }
      }
    }
  }
}
