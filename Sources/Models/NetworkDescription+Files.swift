import Foundation
import NeuralNetworks
import Tensors

private let descriptionFile = "model.json"
private let weightsFile = "weights.safetensors"

extension NetworkDescription {
  /// Writes `model.json` and `weights.safetensors`, running means included, into the folder at `path`, which is made if
  /// need be. Each file is replaced as a whole.
  public func save(_ model: any Layer, to path: String) throws {
    let folder = URL(filePath: path)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let entries = try namedVariables(of: model).map {
      SafeTensors.Entry(name: $0.name, shape: $0.variable.shape.dimensions, values: try $0.variable.values())
    }
    try SafeTensors.write(
      entries, metadata: ["model": kindName], to: folder.appending(path: weightsFile))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try AtomicFile.replace(folder.appending(path: descriptionFile), with: try encoder.encode(self))
  }

  /// Builds the network that the folder at `path` holds. Throws a sentence that names the file and what is wrong with it,
  /// also where it is a network for something else.
  public static func load(from path: String) throws -> (description: Self, model: Network) {
    let folder = URL(filePath: path)
    let description = try read(folder.appending(path: descriptionFile))
    let model = try description.makeModel()
    try loadWeights(of: description.layer(model), from: folder.appending(path: weightsFile))
    return (description, model)
  }

  private static func read(_ file: URL) throws -> Self {
    let data = try contents(of: file)
    do {
      // The task and the kind by themselves first, since those are what other descriptions have more of.
      let heading = try JSONDecoder().decode(Heading.self, from: data)
      guard heading.task == task.rawValue else {
        throw ModelError("the model is for the task '\(heading.task)', but one for '\(task.rawValue)' is needed here")
      }
      guard kindNames.contains(heading.kind) else {
        throw ModelError("there is no model '\(heading.kind)'; there is \(kindNames.joined(separator: ", "))")
      }
      let description = try JSONDecoder().decode(Self.self, from: data)
      try description.check()
      return description
    } catch let error as ModelError {
      throw ModelError("\(file.path): \(error)")
    } catch let DecodingError.keyNotFound(key, _) {
      throw ModelError("\(file.path) lacks '\(key.stringValue)'")
    } catch {
      throw ModelError("\(file.path) is no model's description: it should be JSON with task, kind and sizes")
    }
  }
}

extension NetworkTask {
  /// What the model in the folder at `path` is for. Throws a sentence where the folder holds none.
  public init(ofModelAt path: String) throws {
    let file = URL(filePath: path).appending(path: descriptionFile)
    guard let name = try? JSONDecoder().decode(Heading.self, from: try contents(of: file)).task,
      let task = NetworkTask(rawValue: name)
    else {
      let known = NetworkTask.allCases.map(\.rawValue).joined(separator: ", ")
      throw ModelError("\(file.path) is no model's description: it should be JSON with a task: \(known)")
    }
    self = task
  }
}

private struct Heading: Decodable {
  var task: String
  var kind: String
}

private func contents(of file: URL) throws -> Data {
  do {
    return try Data(contentsOf: file)
  } catch {
    throw ModelError("\(file.path) cannot be read; it should describe a model")
  }
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
