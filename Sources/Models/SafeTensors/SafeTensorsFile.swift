import Files
import Foundation
import Tensors

/// An open safetensors file: its header is read and checked, its arrays are read on demand.
package struct SafeTensorsFile {
  let path: String
  let layout: SafeTensorsLayout
  private let file: OpenFile

  package var metadata: [String: String] { layout.metadata }

  /// Opens the file and reads its header. Throws a `ModelError` that names it where it is not valid.
  package init(_ url: URL) throws(ModelError) {
    let path = url.path
    self.path = path
    let file = try ModelError.naming(path) { () throws(FileFailure) in try OpenFile(path) }
    let size = file.size ?? 0
    self.file = file
    let read = { (range: Range<Int>) throws(ModelError) in
      try ModelError.naming(path) { () throws(FileFailure) in try file.bytes(in: range) }
    }
    let first = try read(0..<min(size, 8))
    do throws(ModelError) {
      let length = try SafeTensorsLayout.headerLength(first, byteCount: size)
      layout = try SafeTensorsLayout(header: try read(8..<8 + length)[...], byteCount: size)
    } catch {
      throw ModelError(error.description.hasPrefix(path) ? "\(error)" : "\(path) \(error)")
    }
  }

  /// All arrays with their values, in order.
  func entries() throws(ModelError) -> [SafeTensors.Entry] {
    try ModelError.naming(path) { () throws(FileFailure) in
      var entries: [SafeTensors.Entry] = []
      for place in layout.places {
        let bytes = try file.bytes(in: layout.dataStart + place.start..<layout.dataStart + place.end)
        entries.append(SafeTensors.Entry(name: place.name, shape: place.shape, dtype: place.dtype, bytes: bytes))
      }
      return entries
    }
  }

  /// Throws a sentence where the arrays whose names begin with `prefix` are not exactly those that a model needs, each
  /// of its shape.
  package func check(against shapes: [(name: String, shape: Shape)], under prefix: String = "") throws(ModelError) {
    let own = layout.places.filter { $0.name.hasPrefix(prefix) }
    var found = Dictionary(own.map { ($0.name, $0.shape) }) { first, _ in first }
    for (name, shape) in shapes {
      let name = prefix + name
      guard let own = found.removeValue(forKey: name) else {
        throw ModelError("\(path) lacks '\(name)', which the model needs")
      }
      guard Shape(own) == shape else {
        throw ModelError("\(path): '\(name)' has the shape \(own), but the model needs \(shape)")
      }
    }
    if let extra = found.keys.min() {
      throw ModelError("\(path) holds '\(extra)', which the model does not have")
    }
  }
}

extension SafeTensors {
  /// The arrays in the bytes of a file. Errors continue the file's name.
  package static func decode(_ bytes: [UInt8]) throws(ModelError) -> (entries: [Entry], metadata: [String: String]) {
    let length = try SafeTensorsLayout.headerLength(bytes, byteCount: bytes.count)
    let layout = try SafeTensorsLayout(header: bytes[8..<8 + length], byteCount: bytes.count)
    let entries = layout.places.map { place in
      let numbers = bytes[(layout.dataStart + place.start)..<(layout.dataStart + place.end)]
      return Entry(name: place.name, shape: place.shape, dtype: place.dtype, bytes: Array(numbers))
    }
    return (entries, layout.metadata)
  }
}
