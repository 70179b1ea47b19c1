import Foundation
import NeuralNetworks
import Tensors
import Testing

@testable import Models

@Suite struct ModelFileTests {
  private static let images: [ModelDescription] = ModelDescription.Kind.allCases.map {
    ModelDescription(kind: $0, inputShape: [1, 8, 8], classes: 3, hidden: 8)
  }
  private static let texts: [LanguageModelDescription] = LanguageModelDescription.Kind.allCases.flatMap { kind in
    (kind == .transformer ? PositionalEncoding.allCases : [.learned]).map {
      LanguageModelDescription(
        kind: kind, vocabulary: 5, context: 4, width: 8, layers: 2, heads: 2, positions: $0, tiesOutput: $0 == .rotary)
    }
  }

  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "backprop-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  private func names(_ description: some NetworkDescription) throws -> (planned: [String], made: [String]) {
    let made = try namedVariables(of: description.layer(description.makeModel()))
    return (
      try description.shapes().map { "\($0.name) \($0.shape)" }, made.map { "\($0.name) \($0.variable.shape)" }
    )
  }

  @Test(arguments: images) func shapesOfImageModelsAreThoseOfTheModel(description: ModelDescription) throws {
    let (planned, made) = try names(description)
    #expect(!planned.isEmpty && planned == made)
  }

  @Test(arguments: texts) func shapesOfTextModelsAreThoseOfTheModel(description: LanguageModelDescription) throws {
    let (planned, made) = try names(description)
    #expect(!planned.isEmpty && planned == made)
  }

  /// A parameter that was created for its shape has no values; reading them is an error.
  @Test func plannedParametersHaveNoValues() throws {
    var kept: Dense?
    let shapes = try plannedShapes {
      let layer = Dense(1 << 14, 1 << 14)
      kept = layer
      return layer
    }
    #expect(shapes.map(\.name) == ["weight", "bias"] && shapes.map(\.shape) == [[1 << 14, 1 << 14], [1 << 14]])
    #expect(kept?.weight.count == 1 << 28)
    #expect(throws: TensorError.self) { try kept?.weight.variable() }
    #expect(throws: TensorError.self) { try plannedShapes { Dense(0, 1) } }
  }

  /// Whether the width of a hidden layer is its own; the others have those of their papers.
  private func hasHidden(_ kind: ModelDescription.Kind) -> Bool {
    ![.resnet9, .resnet20, .resnet18, .wideResNet, .mobilenet].contains(kind)
  }

  /// Each claims a network of gigabytes, with weights of some kilobytes. The sizes once exhausted the memory of a
  /// machine.
  @Test(arguments: [
    (#""hidden" : 8"#, #""hidden" : 22000"#), (#""hidden" : 8"#, #""hidden" : 65536"#),
    (#""classes" : 3"#, #""classes" : 65536"#),
  ])
  func imageModelsThatClaimTooMuchAreRefused(old: String, new: String) throws {
    for description in Self.images where hasHidden(description.kind) || old.contains("classes") {
      try withFolder { folder in
        try description.save(description.makeModel(), to: folder.path)
        try change(folder, old, new)
        let error = try #require(throws: ModelError.self) { try ModelDescription.load(from: folder.path) }
        #expect(
          "\(error)".contains("has the shape [") || "\(error)".contains("cannot be built"),
          "\(description.kind): \(error)")
      }
    }
  }

  @Test(arguments: texts) func textModelsThatClaimTooMuchAreRefused(description: LanguageModelDescription) throws {
    for (old, new) in [
      (#""width" : 8"#, #""width" : 65536"#), (#""width" : 8"#, #""width" : 32768"#),
      (#""vocabulary" : 5"#, #""vocabulary" : 16777216"#), (#""layers" : 2"#, #""layers" : 1024"#),
    ] where description.kind != .mlp || !old.contains("layers") {
      try withFolder { folder in
        try description.save(description.makeModel(), to: folder.path)
        // As long as it can be, so that a table of positions would take 8 GiB.
        if description.positions == .sinusoidal { try change(folder, #""context" : 4"#, #""context" : 65536"#) }
        try change(folder, old, new)
        let error = try #require(throws: ModelError.self) { try LanguageModelDescription.load(from: folder.path) }
        #expect(
          ["has the shape [", " lacks '", "cannot be built"].contains { "\(error)".contains($0) }, "\(error)")
        // The same without weights, or with invalid ones.
        let weights = folder.appending(path: "weights.safetensors")
        try FileManager.default.removeItem(at: weights)
        #expect(throws: ModelError.self) { try LanguageModelDescription.load(from: folder.path) }
        try Data([1, 2, 3]).write(to: weights)
        #expect(throws: ModelError.self) { try LanguageModelDescription.load(from: folder.path) }
      }
    }
  }

  private func change(_ folder: URL, _ old: String, _ new: String) throws {
    let file = folder.appending(path: "model.json")
    let text = try String(contentsOf: file, encoding: .utf8)
    try #require(text.contains(old))
    try Data(text.replacing(old, with: new).utf8).write(to: file)
  }

  @Test(arguments: [
    ("{}", "lacks 'task'"), ("[", "should be JSON, but it ends where a value should stand"),
    (#"{"task":"image"}"#, "lacks 'kind'"), (#"{"task":1,"kind":"mlp"}"#, "should have text as 'task'"),
    (#"{"task":"text","kind":"lstm"}"#, "for the task 'text', but one for 'image'"),
    (#"{"task":"image","kind":"\u001b[31mx"}"#, #"there is no model '\u{1B}[31mx'"#),
    (#"{"task":"image","kind":"mlp","classes":3,"classNames":[]}"#, "lacks 'inputShape'"),
    (
      #"{"task":"image","kind":"mlp","classes":"3","classNames":[],"hidden":8,"inputShape":{"dimensions":[1,8,8]}}"#,
      "should have a whole number as 'classes'"
    ),
    (
      #"{"task":"image","kind":"mlp","classes":3,"classNames":[],"hidden":1e30,"inputShape":{"dimensions":[1,8,8]}}"#,
      "should have a whole number as 'hidden', not 1e30"
    ),
    (
      #"{"task":"image","kind":"mlp","classes":3,"classNames":[1],"hidden":8,"inputShape":{"dimensions":[1,8,8]}}"#,
      "should have text as 'classNames[0]'"
    ),
  ])
  func damagedDescriptionsAreSentences(text: String, message: String) throws {
    try withFolder { folder in
      let file = folder.appending(path: "model.json")
      try Data(text.utf8).write(to: file)
      let error = try #require(throws: ModelError.self) { try ModelDescription.load(from: folder.path) }
      #expect("\(error)".hasPrefix(file.path) && "\(error)".contains(message), "\(error)")
    }
  }
}
