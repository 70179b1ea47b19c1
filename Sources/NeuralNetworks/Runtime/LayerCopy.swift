@_spi(Reflection) import Swift
import Tensors

extension Layer {
  /// A model of its own with the same values: training one does not change the other.
  ///
  /// `dtype` is the type of its parameters and buffers, by default that of this model's. A model in float64 is to check
  /// one in float32: it takes inputs in float64, its gradients and its optimizers' state are float64, too, and it is much
  /// slower.
  ///
  /// ```swift
  /// let precise = try model.copy(as: .float64)
  /// let logits = precise(images.cast(to: .float64))
  /// ```
  ///
  /// What shares a parameter in this model shares one in the copy, too. Parameters keep their settings. Costs a copy
  /// of all values. Throws where parameters are in a class or in an enumeration other than `Optional`, which reflection
  /// can read and not rebuild, and what was wrong with the arguments of a layer.
  public func copy(as dtype: DType? = nil) throws(TensorError) -> Self {
    if let dtype, dtype != .float32, dtype != .float64 {
      throw TensorError("copy: parameters are float32 or float64, in which there is arithmetic, not \(dtype)")
    }
    var copier = LayerCopier(dtype: dtype)
    return try copier.copy(self, at: "")
  }
}

/// Rebuilds a value with other parameters, buffers and paths in their places.
struct LayerCopier {
  /// The type of parameters and buffers; `nil`: as they are.
  let dtype: DType?
  /// The new object for each that was met.
  private var copies: [ObjectIdentifier: AnyObject] = [:]

  init(dtype: DType?) { self.dtype = dtype }

  fileprivate mutating func copy<Value>(
    _ value: Value, at path: String, isOpened: Bool = false
  ) throws(TensorError) -> Value {
    // A layer in an existential box is copied as what it is.
    if !isOpened, type(of: value as Any) != Value.self, let layer = value as? any Layer {
      return try layer.copied(by: &self, at: path) as? Value ?? value
    }
    let dtype = dtype
    switch value {
    case let parameter as Parameter:
      return try shared(parameter) { () throws(TensorError) in
        let copy = Parameter(try parameter.content.copied(as: dtype))
        copy.isTrainable = parameter.isTrainable
        copy.updatesOnlyUsedRows = parameter.updatesOnlyUsedRows
        return copy
      } as? Value ?? value
    case let buffer as Buffer:
      return try shared(buffer) { () throws(TensorError) in Buffer(try buffer.content.copied(as: dtype)) } as? Value
        ?? value
    case let layerPath as LayerPath:
      return shared(layerPath) {
        let copy = LayerPath()
        copy.name = layerPath.name
        return copy
      } as? Value ?? value
    case let collection as any RebuiltCollection:
      return try collection.copied(by: &self, at: path) as? Value ?? value
    default: break
    }
    switch Mirror(reflecting: value).displayStyle {
    case .struct where type(of: value as Any) == Value.self: return try copyFields(of: value, at: path)
    case .struct, .tuple, .enum, .class:
      guard holdsParameters(value) else { return value }
      throw TensorError(
        "copy: \(path.isEmpty ? "the model" : path) is of \(type(of: value as Any)) and holds parameters; only structs, and arrays, "
          + "optionals and dictionaries of layers, can be copied")
    default: return value
    }
  }

  private mutating func shared<Object: AnyObject, Failure: Error>(
    _ object: Object, _ make: () throws(Failure) -> Object
  ) throws(Failure) -> AnyObject {
    if let known = copies[ObjectIdentifier(object)] { return known }
    let copy = try make()
    copies[ObjectIdentifier(object)] = copy
    return copy
  }

  private func holdsParameters(_ value: Any) -> Bool {
    var parts = ModelParts(renames: false)
    parts.collect(value, at: "")
    return !parts.parameters.isEmpty || !parts.buffers.isEmpty
  }

  private mutating func copyFields<Value>(of value: Value, at path: String) throws(TensorError) -> Value {
    var fields: [(name: String, offset: Int, type: Any.Type)] = []
    _ = _forEachField(of: Value.self) { name, offset, type, _ in
      fields.append((String(cString: name), offset, type))
      return true
    }
    var result = value
    var failure: TensorError?
    withUnsafeMutableBytes(of: &result) { bytes in
      for field in fields {
        func replace<Field>(_: Field.Type) {
          guard let start = bytes.baseAddress, MemoryLayout<Field>.size > 0 else { return }
          let place = (start + field.offset).assumingMemoryBound(to: Field.self)
          do throws(TensorError) {
            place.pointee = try copy(place.pointee, at: path.isEmpty ? field.name : "\(path).\(field.name)")
          } catch {
            failure = error
          }
        }
        _openExistential(field.type, do: replace)
      }
    }
    if let failure { throw failure }
    return result
  }
}

extension Layer {
  fileprivate func copied(by copier: inout LayerCopier, at path: String) throws(TensorError) -> any Layer {
    try copier.copy(self, at: path, isOpened: true)
  }
}

/// What is rebuilt from its elements.
private protocol RebuiltCollection {
  func copied(by copier: inout LayerCopier, at path: String) throws(TensorError) -> Self
}

extension Array: RebuiltCollection {
  fileprivate func copied(by copier: inout LayerCopier, at path: String) throws(TensorError) -> Self {
    if self is [Float] || self is [Int] { return self }  // nothing to copy, and may be long
    var result = self
    for index in indices { result[index] = try copier.copy(self[index], at: "\(path).\(index)") }
    return result
  }
}

extension Optional: RebuiltCollection {
  fileprivate func copied(by copier: inout LayerCopier, at path: String) throws(TensorError) -> Self {
    guard let value = self else { return nil }
    return try copier.copy(value, at: path)
  }
}

extension Dictionary: RebuiltCollection {
  fileprivate func copied(by copier: inout LayerCopier, at path: String) throws(TensorError) -> Self {
    var result = self
    for (key, value) in self { result[key] = try copier.copy(value, at: "\(path).\(key)") }
    return result
  }
}
