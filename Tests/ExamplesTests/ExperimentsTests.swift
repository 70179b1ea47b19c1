import Testing

@testable import Experiments

/// The experiments of `docs/algorithms.md` with few seeds; `scripts/check-experiments` has all.
@Suite struct ExperimentsTests {
  @Test(arguments: zip(Experiment.allCases, [10, 10, 3, 2, 2, 2, 1])) func comesOutAsTheDocumentSays(
    _ experiment: Experiment, _ seeds: Int
  ) throws {
    let report = try experiment.run(seeds: seeds)
    #expect(report.holds, "\(report.lines.joined(separator: "\n"))")
    #expect(!report.charts.isEmpty)
  }

  @Test func familiesHaveTheFactsOfThePaper() {
    let facts = FamilyTrees.facts
    #expect(facts.count == 104)
    // Triples of person, relation and person, of which the paper has 112.
    #expect(facts.reduce(0) { $0 + $1.people.count } == 112)
    let described = Set(facts.map(\.description))
    // Figure 3 of the paper, and the other tree.
    #expect(described.contains("Colin has aunt Margaret and Jennifer"))
    #expect(described.contains("Alfonso has aunt Gina and Angela"))
    #expect(described.contains("Victoria has brother Arthur"))
    #expect(described.contains("Charlotte has uncle Arthur and Charles"))
    #expect(described.contains("Margaret has nephew Colin"))
    #expect(!described.contains { $0.hasPrefix("Margaret has brother") })
  }

  @Test func fourDifferentFactsAreHeldOut() {
    for seed in 0..<20 as Range<UInt64> {
      let out = FamilyTrees.heldOut(seed: seed)
      #expect(Set(out).count == 4)
      #expect(
        out.map { FamilyTrees.relations[FamilyTrees.facts[$0].relation] } == ["uncle", "aunt", "nephew", "niece"])
    }
    #expect(Set((0..<20 as Range<UInt64>).map { FamilyTrees.heldOut(seed: $0) }).count > 10)
  }
}
