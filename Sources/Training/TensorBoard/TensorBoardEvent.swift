/// An event of TensorBoard: values of a step, each under a tag.
///
/// The fields' numbers are those of `event.proto` and `summary.proto` of TensorBoard.
package struct TensorBoardEvent: Sendable {
  private var message = ProtocolBuffer()
  private var summary = ProtocolBuffer()
  private var hasValues = false

  /// An event at a time in seconds since 1970, after `step` updates.
  package init(step: Int, seconds: Double) {
    message.add(1, seconds)
    if step != 0 { message.add(2, step) }
  }

  /// The first event of a file.
  package static func version(seconds: Double) -> TensorBoardEvent {
    var event = TensorBoardEvent(step: 0, seconds: seconds)
    event.message.add(3, "brain.Event:2")
    return event
  }

  /// Says that what earlier events have of `step` and later ones does not count: they are repeated.
  package static func purging(from step: Int, seconds: Double) -> TensorBoardEvent {
    var event = TensorBoardEvent(step: step, seconds: seconds)
    var session = ProtocolBuffer()
    session.add(1, 1)  // START
    event.message.add(7, session)
    return event
  }

  /// Adds a number, which is stored as float32.
  package mutating func add(_ tag: String, scalar: Double) {
    add(tag) { $0.add(2, Float(scalar)) }
  }

  /// Adds a histogram. Of the values only the ranges they are in are known; so their sum and the sum of their squares
  /// are those of the ranges' centers.
  package mutating func add(_ tag: String, histogram: HistogramChart.Histogram) {
    let count = histogram.counts.count
    guard count > 0, histogram.low.isFinite, histogram.high.isFinite else { return }
    let width = (histogram.high - histogram.low) / Double(count)
    let numbers = histogram.counts.map { Double(max($0, 0)) }
    let centers = (0..<count).map { histogram.low + (Double($0) + 0.5) * width }
    var message = ProtocolBuffer()
    message.add(1, histogram.low)
    message.add(2, histogram.high)
    message.add(3, numbers.reduce(0, +))
    message.add(4, zip(numbers, centers).reduce(0) { $0 + $1.0 * $1.1 })
    message.add(5, zip(numbers, centers).reduce(0) { $0 + $1.0 * $1.1 * $1.1 })
    // A range begins where the one before ends, so the first one, without values, says where the second begins.
    message.add(
      6, packed: [histogram.low] + (1..<count).map { histogram.low + Double($0) * width } + [histogram.high])
    message.add(7, packed: [0] + numbers)
    add(tag) { $0.add(5, message) }
  }

  /// Adds a picture; nothing where `PNG.encode` has none.
  package mutating func add(
    _ tag: String, width: Int, height: Int, _ channels: PNG.Channels, _ pixels: [UInt8]
  ) {
    guard let file = PNG.encode(width: width, height: height, channels, pixels) else { return }
    var image = ProtocolBuffer()
    image.add(1, height)
    image.add(2, width)
    image.add(3, channels.rawValue)
    image.add(4, file)
    add(tag) { $0.add(4, image) }
  }

  /// Adds a text, which TensorBoard shows as Markdown.
  package mutating func add(_ tag: String, text: String) {
    var dimension = ProtocolBuffer()
    dimension.add(1, 1)
    var shape = ProtocolBuffer()
    shape.add(2, dimension)
    var tensor = ProtocolBuffer()
    tensor.add(1, 7)  // DT_STRING
    tensor.add(2, shape)
    tensor.add(8, text)
    var plugin = ProtocolBuffer()
    plugin.add(1, "text")
    var metadata = ProtocolBuffer()
    metadata.add(1, plugin)
    metadata.add(4, 2)  // DATA_CLASS_TENSOR
    add(tag) {
      $0.add(8, tensor)
      $0.add(9, metadata)
    }
  }

  private mutating func add(_ tag: String, _ content: (inout ProtocolBuffer) -> Void) {
    var value = ProtocolBuffer()
    value.add(1, tag)
    content(&value)
    summary.add(1, value)
    hasValues = true
  }

  /// The event as a record of a file: length, its check, data, their check.
  package var record: [UInt8] {
    var event = message
    if hasValues { event.add(5, summary) }
    let data = event.bytes
    let length = Self.littleEndian(UInt64(data.count), bytes: 8)
    return length + Self.littleEndian(UInt64(CRC32C.masked(length)), bytes: 4) + data
      + Self.littleEndian(UInt64(CRC32C.masked(data)), bytes: 4)
  }

  private static func littleEndian(_ value: UInt64, bytes: Int) -> [UInt8] {
    (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }
}
