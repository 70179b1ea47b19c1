import Tensors

/// What reflection finds in a model.
struct ModelParts {
  var parameters: [(name: String, parameter: Parameter)] = []
  var buffers: [(name: String, buffer: Buffer)] = []
  /// Whether parameters, buffers and paths are given the names that are found.
  var renames = true
  /// Visited objects, so that shared ones count once and cycles end.
  private var seen: Set<ObjectIdentifier> = []

  init(renames: Bool = true) { self.renames = renames }

  /// Visits `value`, which is at `path`, and names what it finds.
  mutating func collect(_ value: Any, at path: String) {
    switch value {
    case let parameter as Parameter:
      guard seen.insert(ObjectIdentifier(parameter)).inserted else { return }
      if renames { parameter.rename(path) }
      parameters.append((path, parameter))
    case let buffer as Buffer:
      guard seen.insert(ObjectIdentifier(buffer)).inserted else { return }
      if renames { buffer.rename(path) }
      buffers.append((path, buffer))
    case let part as PartOfModel:
      for (name, parameter) in part.members { collect(parameter, at: name) }
    case let layerPath as LayerPath:
      if renames { layerPath.name = path.split(separator: ".").dropLast().joined(separator: ".") }
    case is Tensor, is Variable, is Shape, is SpatialSize, is String, is [Float], is [Double], is [Int], is [String],
      is [UInt8]:
      return
    default:
      collectChildren(of: value, at: path)
    }
  }

  private mutating func collectChildren(of value: Any, at path: String) {
    var mirror: Mirror? = Mirror(reflecting: value)
    switch mirror?.displayStyle {
    case .class:
      guard seen.insert(ObjectIdentifier(value as AnyObject)).inserted else { return }
    case .optional:
      if let some = mirror?.children.first { collect(some.value, at: path) }
      return
    case .dictionary:
      // Keys as names, sorted by them.
      let entries = mirror?.children.compactMap { child -> (name: String, value: Any)? in
        let pair = Array(Mirror(reflecting: child.value).children)
        return pair.count == 2 ? ("\(pair[0].value)", pair[1].value) : nil
      }
      for entry in (entries ?? []).sorted(by: { $0.name < $1.name }) {
        collect(entry.value, at: path.isEmpty ? entry.name : "\(path).\(entry.name)")
      }
      return
    case .struct, .tuple, .collection, .set, .enum: break
    default: return
    }
    while let current = mirror {
      for (index, child) in current.children.enumerated() {
        // Elements of a tuple are labeled `.0`, `.1`.
        let label = child.label.map { $0.hasPrefix(".") ? String($0.dropFirst()) : $0 } ?? String(index)
        collect(child.value, at: path.isEmpty ? label : "\(path).\(label)")
      }
      mirror = current.superclassMirror
    }
  }
}

/// Visits a model once. Names follow properties and positions: `blocks.3.first.normalization.scale`.
func parts(of model: any Layer) -> ModelParts {
  var parts = ModelParts()
  parts.collect(model, at: "")
  return parts
}
