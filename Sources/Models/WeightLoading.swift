import Foundation
import NeuralNetworks
import Tensors

/// What was found in a file of weights, and what was not.
public struct WeightLoadingReport: Hashable, Sendable, CustomStringConvertible {
  /// An array of the file that has another shape than the model's.
  public struct Mismatch: Hashable, Sendable {
    /// The name in the model.
    public var name: String
    /// The shape in the file.
    public var found: Shape
    /// The shape in the model.
    public var needed: Shape
  }

  /// The parameters and buffers of the model that were loaded.
  public internal(set) var loaded: [String] = []
  /// Those that the file does not have; they stay as they were.
  public internal(set) var missing: [String] = []
  /// Those of which the file has another shape; they stay as they were.
  public internal(set) var mismatched: [Mismatch] = []
  /// The arrays of the file, by their names in it, that the model does not have or that were left out.
  public internal(set) var unused: [String] = []

  /// Whether model and file have the same arrays.
  public var isComplete: Bool { missing.isEmpty && mismatched.isEmpty && unused.isEmpty }

  /// One line: what was loaded, and then what was not, by name.
  public var description: String {
    var parts = ["loaded \(loaded.count) of \(loaded.count + missing.count + mismatched.count) arrays"]
    if !mismatched.isEmpty {
      let list = mismatched.map { "\($0.name) (\($0.needed), not \($0.found))" }
      parts.append("of another shape: \(Self.list(list))")
    }
    if !missing.isEmpty { parts.append("not in the file: \(Self.list(missing))") }
    if !unused.isEmpty { parts.append("not used: \(Self.list(unused))") }
    return parts.joined(separator: "; ")
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(6).joined(separator: ", ") + (names.count > 6 ? " and \(names.count - 6) more" : "")
  }
}

/// Loads the parameters and buffers of `model` from a file of safetensors, converted to the model's types.
///
/// `renaming` gives the name in the model of an array of the file, or `nil` to leave it out. With `strict`, names and
/// shapes must be exactly the model's; otherwise what fits is loaded, and the report says what did not. Throws a sentence
/// that names the file and the array, and nothing has changed; also where two arrays get one name.
///
/// ```swift
/// let report = try loadWeights(of: model, from: file, strict: false) { name in
///   name.hasPrefix("classifier.") ? nil : name.replacing("encoder.", with: "")
/// }
/// print(report)
/// ```
@discardableResult public func loadWeights(
  of model: any Layer, from file: URL, strict: Bool = true, renaming: (String) -> String? = { $0 }
) throws -> WeightLoadingReport {
  try loadWeights(of: model, from: SafeTensorsFile(file), strict: strict, renaming: renaming)
}

@discardableResult func loadWeights(
  of model: any Layer, from file: SafeTensorsFile, strict: Bool, renaming: (String) -> String? = { $0 }
) throws -> WeightLoadingReport {
  var report = WeightLoadingReport()
  var places: [String: String] = [:]
  for place in file.layout.places {
    guard let name = renaming(place.name) else {
      report.unused.append(place.name)
      continue
    }
    if let other = places.updateValue(place.name, forKey: name) {
      throw ModelError("\(file.path): '\(other)' and '\(place.name)' would both be '\(name)'; rename one of them")
    }
  }
  let entries = Dictionary(uniqueKeysWithValues: try file.entries().map { ($0.name, $0) })
  var found: [(variable: Variable, entry: SafeTensors.Entry)] = []
  for (name, variable) in try namedVariables(of: model) {
    guard let entry = places.removeValue(forKey: name).flatMap({ entries[$0] }) else {
      if strict { throw ModelError("\(file.path) lacks '\(name)', which the model needs") }
      report.missing.append(name)
      continue
    }
    guard Shape(entry.shape) == variable.shape else {
      if strict {
        throw ModelError("\(file.path): '\(name)' has the shape \(entry.shape), but the model needs \(variable.shape)")
      }
      report.mismatched.append(.init(name: name, found: Shape(entry.shape), needed: variable.shape))
      continue
    }
    found.append((variable, entry))
    report.loaded.append(name)
  }
  report.unused = (report.unused + places.values).sorted()
  if strict, let extra = report.unused.first {
    throw ModelError("\(file.path) holds '\(extra)', which the model does not have")
  }
  for (variable, entry) in found { try entry.write(to: variable) }
  return report
}
