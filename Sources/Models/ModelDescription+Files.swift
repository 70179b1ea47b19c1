import Foundation
import NeuralNetworks
import Tensors

extension ModelDescription {
  private static let descriptionFile = "model.json"
  private static let weightsFile = "weights.safetensors"

  /// Writes `model.json` and `weights.safetensors`, running means included, into the folder at `path`, which is made if
  /// need be. Each file is replaced as a whole.
  public func save(_ model: any Layer, to path: String) throws {
    let folder = URL(filePath: path)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let entries = try namedVariables(of: model).map {
      SafeTensors.Entry(name: $0.name, shape: $0.variable.shape.dimensions, values: try $0.variable.values())
    }
    try SafeTensors.write(
      entries, metadata: ["model": kind.rawValue], to: folder.appending(path: Self.weightsFile))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try AtomicFile.replace(folder.appending(path: Self.descriptionFile), with: try encoder.encode(self))
  }

  /// Builds the network that the folder at `path` holds. Throws a sentence that names the file and what is wrong with it.
  public static func load(from path: String) throws -> (description: ModelDescription, model: any Layer) {
    let folder = URL(filePath: path)
    let description = try read(folder.appending(path: descriptionFile))
    let model = try description.makeModel()
    try loadWeights(of: model, from: folder.appending(path: weightsFile))
    return (description, model)
  }

  private static func read(_ file: URL) throws -> ModelDescription {
    let data: Data
    do {
      data = try Data(contentsOf: file)
    } catch {
      throw ModelError("\(file.path) cannot be read; it should describe a model")
    }
    do {
      // The kind by itself first, since that is what a newer version may have more of.
      let kind = try JSONDecoder().decode(KindOnly.self, from: data).kind
      guard Kind(rawValue: kind) != nil else {
        let known = Kind.allCases.map(\.rawValue).joined(separator: ", ")
        throw ModelError("there is no model '\(kind)'; there is \(known)")
      }
      let description = try JSONDecoder().decode(ModelDescription.self, from: data)
      try description.check()
      return description
    } catch let error as ModelError {
      throw ModelError("\(file.path): \(error)")
    } catch let DecodingError.keyNotFound(key, _) {
      throw ModelError("\(file.path) lacks '\(key.stringValue)'")
    } catch {
      throw ModelError("\(file.path) is no model's description: it should be JSON with kind, inputShape and classes")
    }
  }

  private struct KindOnly: Decodable { var kind: String }
}

/// Gives the parameters and buffers of `model` the values of the file. Names and shapes must be the model's own, no more
/// and no fewer; where they are not, throws a sentence that names the file and the array, and nothing has changed.
public func loadWeights(of model: any Layer, from file: URL) throws {
  let entries = try SafeTensors.read(file).entries
  var byName = Dictionary(entries.map { ($0.name, $0) }) { first, _ in first }
  var found: [(Variable, [Float])] = []
  for (name, variable) in try namedVariables(of: model) {
    guard let entry = byName.removeValue(forKey: name) else {
      throw ModelError("\(file.path) lacks '\(name)', which the model needs")
    }
    guard Shape(entry.shape) == variable.shape else {
      throw ModelError("\(file.path): '\(name)' has the shape \(entry.shape), but the model needs \(variable.shape)")
    }
    found.append((variable, entry.values))
  }
  if let extra = byName.keys.min() {
    throw ModelError("\(file.path) holds '\(extra)', which the model does not have")
  }
  for (variable, values) in found { try variable.set(values) }
}

/// Parameters, then buffers: all that a model remembers.
package func namedVariables(of model: any Layer) throws -> [(name: String, variable: Variable)] {
  try model.parameters.map { ($0.name, try $0.parameter.variable()) }
    + model.buffers.map { ($0.name, try $0.buffer.variable()) }
}
