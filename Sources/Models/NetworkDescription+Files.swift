import Files
import Foundation
import NeuralNetworks
import Tensors

private let descriptionFile = "model.json"
private let weightsFile = "weights.safetensors"

extension NetworkDescription {
  /// Writes `model.json` and `weights.safetensors`, running means included, into the folder at `path`, which is created
  /// if needed. Each file is replaced as a whole.
  public func save(_ model: any Layer, to path: String) throws {
    let folder = URL(filePath: path)
    do { try Folder.create(folder.path) } catch {
      throw ModelError("\(path) should be a folder, or one that can be made: \(error)")
    }
    let entries = try namedVariables(of: model).map {
      try SafeTensors.Entry(name: $0.name, $0.variable)
    }
    try SafeTensors.write(
      entries, metadata: ["model": kindName], to: folder.appending(path: weightsFile))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try AtomicFile.replace(folder.appending(path: descriptionFile), with: try encoder.encode(self))
  }

  /// Builds the network in the folder at `path`. Throws a sentence that names the file and what is wrong with it, also
  /// where it is a network for another task.
  ///
  /// `model.json` is compared with the weights' header before anything is built, so that a wrong size allocates
  /// nothing.
  public static func load(from path: String) throws -> (description: Self, model: Network) {
    let folder = URL(filePath: path)
    let file = folder.appending(path: descriptionFile)
    let description = try read(file)
    let weights = try SafeTensorsFile(folder.appending(path: weightsFile))
    let shapes: [(name: String, shape: Shape)]
    do { shapes = try description.shapes() } catch {
      throw ModelError("\(file.path) describes a network that cannot be built: \(error)")
    }
    try weights.check(against: shapes)
    let model = try description.makeModel()
    try loadWeights(of: description.layer(model), from: weights, strict: true)
    return (description, model)
  }

  /// The names and shapes of the network's parameters and buffers. Allocates none of them.
  package func shapes() throws -> [(name: String, shape: Shape)] {
    try plannedShapes { layer(try makeModel()) }
  }

  /// The description in the folder at `path`, without the weights.
  package static func read(from path: String) throws -> Self {
    try read(URL(filePath: path).appending(path: descriptionFile))
  }

  private static func read(_ file: URL) throws -> Self {
    let bytes = try contents(of: file)
    // The task and the kind are read first, for a clear message about other models.
    let heading = try heading(bytes, file)
    guard heading.task == task.rawValue else {
      throw ModelError(
        "\(file.path): the model is for the task '\(heading.task)', but one for '\(task.rawValue)' is needed here")
    }
    guard kindNames.contains(heading.kind) else {
      throw ModelError(
        "\(file.path): there is no model '\(heading.kind)'; there is \(kindNames.joined(separator: ", "))")
    }
    let description = try ModelError.naming(file.path) { () throws(FileFailure) in
      try JSONReading.value(Self.self, from: bytes)
    }
    do { try description.check() } catch { throw ModelError("\(file.path): \(error)") }
    return description
  }
}

extension NetworkTask {
  /// The task of the model in the folder at `path`. Throws a sentence where there is none.
  public init(ofModelAt path: String) throws {
    let file = URL(filePath: path).appending(path: descriptionFile)
    let name = try heading(contents(of: file), file).task
    guard let task = NetworkTask(rawValue: name) else {
      let known = NetworkTask.allCases.map(\.rawValue).joined(separator: ", ")
      throw ModelError("\(file.path) should have one of the tasks \(known), not '\(name)'")
    }
    self = task
  }
}

private struct Heading: Decodable {
  var task: String
  var kind: String
}

private func heading(_ bytes: [UInt8], _ file: URL) throws(ModelError) -> Heading {
  try ModelError.naming(file.path) { () throws(FileFailure) in try JSONReading.value(Heading.self, from: bytes) }
}

private func contents(of file: URL) throws(ModelError) -> [UInt8] {
  try ModelError.naming(file.path) { () throws(FileFailure) in
    try OpenFile(file.path).contents(limit: JSONReading.greatestSize)
  }
}

/// Parameters, then buffers.
package func namedVariables(of model: any Layer) throws -> [(name: String, variable: Variable)] {
  try model.parameters.map { ($0.name, try $0.parameter.variable()) }
    + model.buffers.map { ($0.name, try $0.buffer.variable()) }
}
