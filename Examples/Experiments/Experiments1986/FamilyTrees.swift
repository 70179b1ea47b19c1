import Backprop

/// Relations in two families: which persons are related to a person in a given way.
///
/// Two trees of twelve people, one English and one Italian, of the same form; 104 facts such as "Colin has aunts
/// Jennifer and Margaret". Persons and relations are single inputs, so nothing tells the network that two people are
/// alike: the six units that encode a person learn features such as generation, nationality and branch.
///
/// Source: Rumelhart, Hinton & Williams, Nature 323 (1986), figures 2 to 4; Hinton, "Learning distributed
/// representations of concepts", 1986.
struct FamilyTrees {
  static let people = [
    "Christopher", "Penelope", "Andrew", "Christine", "Margaret", "Arthur", "Victoria", "James", "Jennifer", "Charles",
    "Colin", "Charlotte", "Roberto", "Maria", "Pierro", "Francesca", "Gina", "Emilio", "Lucia", "Marco", "Angela",
    "Tomaso",
    "Alfonso", "Sophia",
  ]

  static let relations = [
    "father", "mother", "husband", "wife", "son", "daughter", "uncle", "aunt", "brother", "sister", "nephew", "niece",
  ]

  /// A fact: the people that have a relation to a person.
  struct Fact: Hashable {
    let person: Int
    let relation: Int
    let people: Set<Int>

    var description: String {
      "\(FamilyTrees.people[person]) has \(FamilyTrees.relations[relation]) "
        + people.sorted().map { FamilyTrees.people[$0] }.joined(separator: " and ")
    }
  }

  /// Of each tree: husband, wife, and their children. Persons are numbered as in `people`.
  private static let families: [(husband: Int, wife: Int, children: [Int])] = [
    (0, 1, [5, 6]), (2, 3, [7, 8]), (5, 4, []), (7, 6, [10, 11]), (9, 8, []),
  ]
  private static let men: Set = [0, 2, 5, 7, 9, 10]

  /// All 104 facts, those of the English tree first.
  static let facts: [Fact] = {
    let english = (0..<12).flatMap { person in
      relations.indices.compactMap { relation -> Fact? in
        let people = related(to: person, by: relations[relation])
        return people.isEmpty ? nil : Fact(person: person, relation: relation, people: people)
      }
    }
    return english
      + english.map { Fact(person: $0.person + 12, relation: $0.relation, people: Set($0.people.map { $0 + 12 })) }
  }()

  /// The people of the English tree that are `relation` of a person.
  private static func related(to person: Int, by relation: String) -> Set<Int> {
    let parents = families.filter { $0.children.contains(person) }.flatMap { [$0.husband, $0.wife] }
    let children = families.filter { $0.husband == person || $0.wife == person }.flatMap(\.children)
    let siblings = { (one: Int) in
      families.filter { $0.children.contains(one) }.flatMap(\.children).filter { $0 != one }
    }
    let spouse = { (one: Int) in
      families.compactMap { $0.husband == one ? $0.wife : $0.wife == one ? $0.husband : nil }
    }
    let found: [Int] =
      switch relation {
      case "father", "mother": parents
      case "husband", "wife": spouse(person)
      case "son", "daughter": children
      case "brother", "sister": siblings(person)
      case "uncle", "aunt":
        // The parents' siblings, and who is married to them.
        parents.flatMap(siblings).flatMap { [$0] + spouse($0) }
      default:
        ([person] + spouse(person)).flatMap(siblings).flatMap { sibling in
          families.filter { $0.husband == sibling || $0.wife == sibling }.flatMap(\.children)
        }
      }
    let isMale = ["father", "husband", "son", "uncle", "brother", "nephew"].contains(relation)
    return Set(found.filter { men.contains($0) == isMale })
  }

  /// Four facts to hold out, one of each relation that follows from the others: uncle, aunt, nephew and niece.
  ///
  /// The papers do not name theirs. Nothing else says who somebody's husband or brother is, so such a fact cannot be
  /// known when it is held out.
  static func heldOut(seed: UInt64) -> [Int] {
    var generator = SeededGenerator(seed: seed)
    return ["uncle", "aunt", "nephew", "niece"].map { name in
      let found = facts.indices.filter { relations[facts[$0].relation] == name }
      return found[Int(generator.next() % UInt64(found.count))]
    }
  }

  /// The facts as inputs and targets: persons [facts, 24], relations [facts, 12], people [facts, 24].
  static func tensors(of facts: [Fact]) -> [Tensor] {
    let oneHot = { (count: Int, places: [Set<Int>]) in
      Tensor(
        places.flatMap { place in (0..<count).map { place.contains($0) ? 1 : 0 as Float } },
        shape: [facts.count, count])
    }
    return [
      oneHot(24, facts.map { [$0.person] }), oneHot(12, facts.map { [$0.relation] }), oneHot(24, facts.map(\.people)),
    ]
  }
}

/// The network of figure 3: 24 and 12 inputs, 6 units that encode each, 12, 6 and 24 outputs.
struct FamilyNetwork: Layer {
  let person: LogisticUnits
  let relation: LogisticUnits
  let center: LogisticUnits
  let code: LogisticUnits
  let output: LogisticUnits

  init(within bound: Float) {
    person = LogisticUnits(24, 6, within: bound)
    relation = LogisticUnits(12, 6, within: bound)
    center = LogisticUnits(12, 12, within: bound)
    code = LogisticUnits(12, 6, within: bound)
    output = LogisticUnits(6, 24, within: bound)
  }

  /// The sums of the outputs: persons [batch, 24] and relations [batch, 12] → [batch, 24].
  func logits(_ persons: Tensor, _ relations: Tensor) -> Tensor {
    output.sums(code(center(Tensor.concatenated([person(persons), relation(relations)], axis: 1))))
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let parts = x.split(sizes: [24, 12], axis: 1)
    return logits(parts[0], parts[1]).sigmoid()
  }
}
