/// The input pixels along an axis that make up each output pixel, and their weights.
///
/// The filter is a triangle, as wide as two input pixels where a picture grows and as two output pixels where it
/// shrinks: every input pixel counts, so that there is no aliasing. Pillow's `BILINEAR` is the same filter.
struct ResizeWeights {
  /// How many weights each output pixel has.
  let taps: Int
  /// The first input pixel of each output pixel.
  private(set) var firsts: [Int32] = []
  /// `taps` weights for each output pixel; their sum is 1.
  private(set) var weights: [Float] = []

  /// The weights with which the stretch `box` of `input` pixels becomes `output` pixels.
  init(input: Int, output: Int, box: ClosedRange<Double>) {
    let scale = (box.upperBound - box.lowerBound) / Double(output)
    let reach = max(scale, 1)
    taps = min(2 * Int(reach.rounded(.up)) + 1, input)
    firsts.reserveCapacity(output)
    weights.reserveCapacity(output * taps)
    for place in 0..<output {
      let center = box.lowerBound + (Double(place) + 0.5) * scale
      // The pixels whose centers lie within the filter's reach, inside of the picture.
      let first = min(max(Int((center - reach + 0.5).rounded(.down)), 0), input - taps)
      let values = (first..<first + taps).map { pixel in
        max(1 - abs(Double(pixel) + 0.5 - center) / reach, 0)
      }
      let sum = values.reduce(0, +)
      firsts.append(Int32(first))
      weights += values.map { Float($0 / sum) }
    }
  }
}
