import Foundation
import NeuralNetworks
import Testing

@testable import Tensors

/// The operations that the sources declare, but for leaves, which compute nothing, and those of several processes, which
/// `scripts/check-ranks` checks.
private func declaredOperations() throws -> Set<String> {
  let folder = URL(filePath: #filePath).appending(path: "../../../../Sources/Tensors/Operations")
    .standardizedFileURL
  let files = try #require(
    FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
  let declaration = /struct (\w+): (?:Primitive|Composite|Kernel|Elementwise|Function|Matrix)Operation/
  var found = Set<String>()
  for case let file as URL in files where file.pathExtension == "swift" {
    for match in try String(contentsOf: file, encoding: .utf8).matches(of: declaration) {
      found.insert(String(match.1))
    }
  }
  return found.subtracting([
    "Fill", "Iota", "RandomNumbers", "AllReduce", "StartAllReduce", "FinishAllReduce", "Completed",
  ])
}

@Suite struct EdgeCoverageTests {
  /// The operations that the functions of the table record, gradients too.
  @Test func everyOperationIsInTheTable() throws {
    let fixture = try EdgeFixture.read.get()
    var found = Set<String>()
    for row in fixture.rows {
      let results = EdgeResults(
        of: row, at: row.inputs.map(\.tensor), weights: fixture.weights, try #require(edgeOperations[row.operation]))
      for node in nodesReachable(from: EdgePart.all(of: row).compactMap { results[$0] }) {
        found.insert("\(type(of: node.op))")
      }
    }
    let declared = try declaredOperations()
    #expect(declared.count >= 30)
    #expect(declared.subtracting(found) == [], "operations without a row in the table of edges")
  }

  /// A deviation that does not exist any more must be removed.
  @Test func everyDeviationConcernsARow() throws {
    let rows = try EdgeFixture.read.get().rows
    for deviation in edgeDeviations {
      let isNeeded = rows.contains { $0.isConcerned(by: deviation) }
      #expect(isNeeded, "\(deviation.rows): \(deviation.reason)")
    }
  }

  /// The kinds of an operation, which are rows by their names.
  @Test func everyKindHasARow() throws {
    let rows = Set(try EdgeFixture.read.get().rows.map(\.operation))
    #expect(Set(edgeOperations.keys).symmetricDifference(rows) == [])
  }
}
