import Tensors

/// The layout of a safetensors file: the contents of its header, checked against the length of the file.
struct SafeTensorsLayout {
  /// An array; `start` and `end` count from the end of the header.
  struct Place {
    var name: String
    var shape: [Int]
    var dtype: DType
    var start: Int
    var end: Int
  }

  /// The arrays in the order of their data, which follow one another without gaps up to the file's end.
  let places: [Place]
  let metadata: [String: String]
  /// Bytes before the first number.
  let dataStart: Int

  /// The length of the header of a file of `byteCount` bytes, from its first eight.
  static func headerLength(_ first: some Collection<UInt8>, byteCount: Int) throws(ModelError) -> Int {
    guard byteCount >= 8 else { throw ModelError("should be a safetensors file, which has at least 8 bytes") }
    let length = first.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(SafeTensors.greatestHeader) else {
      throw ModelError("should be a safetensors file with a header of at most 100 MB, not \(length) bytes")
    }
    guard 8 + Int(length) <= byteCount else {
      throw ModelError("ends in its header, which should have \(length) bytes")
    }
    return Int(length)
  }

  /// Reads the header of a file of `byteCount` bytes, which follows the first eight.
  init(header: ArraySlice<UInt8>, byteCount: Int) throws(ModelError) {
    dataStart = 8 + header.count
    var parser = SafeTensorsHeader(bytes: header)
    let members = try parser.parse()
    var metadata: [String: String] = [:]
    var places: [Place] = []
    for (name, value) in members {
      guard case .object(let fields) = value else {
        throw ModelError("should have an object for '\(name)' in its header")
      }
      if name == SafeTensors.metadataKey {
        for (key, value) in fields {
          guard case .string(let text) = value else { throw ModelError("should have text as metadata '\(key)'") }
          metadata[key] = text
        }
      } else {
        places.append(try Self.place(name, Dictionary(uniqueKeysWithValues: fields)))
      }
    }
    places.sort { ($0.start, $0.end) < ($1.start, $1.end) }
    var next = 0
    for place in places {
      guard place.start == next else {
        throw ModelError("should have '\(place.name)' at byte \(next) of its data, right after the one before it")
      }
      next = place.end
    }
    guard next == byteCount - dataStart else {
      throw ModelError("should have \(next) bytes after its header, not \(byteCount - dataStart)")
    }
    self.places = places
    self.metadata = metadata
  }

  private static func place(_ name: String, _ fields: [String: SafeTensorsHeader.Value]) throws(ModelError) -> Place {
    guard fields.count == 3, case .string(let dtype)? = fields["dtype"], case .numbers(let shape)? = fields["shape"],
      case .numbers(let offsets)? = fields["data_offsets"], offsets.count == 2
    else { throw ModelError("should have dtype, shape and two data_offsets for '\(name)' and nothing else") }
    guard let type = DType(formatName: dtype) else {
      let known = DType.allCases.map(\.formatName).joined(separator: ", ")
      throw ModelError("should have one of \(known) for '\(name)', not \(dtype)")
    }
    guard let count = SafeTensors.elementCount(shape), count <= Int.max / type.byteCount else {
      throw ModelError("should have a shape that can be counted for '\(name)', not \(shape)")
    }
    guard offsets[0] <= offsets[1], offsets[1] - offsets[0] == count * type.byteCount else {
      throw ModelError("should have \(count * type.byteCount) bytes for '\(name)', but its data_offsets are \(offsets)")
    }
    return Place(name: name, shape: shape, dtype: type, start: offsets[0], end: offsets[1])
  }
}
