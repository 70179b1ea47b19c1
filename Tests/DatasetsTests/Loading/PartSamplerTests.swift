import Datasets
import Tensors
import Testing

struct PartSamplerTests {
  /// Together the parts are the batches of one process, in its order.
  @Test(arguments: [(1, 12), (2, 12), (3, 12), (4, 12), (4, 4), (2, 2)])
  func partsAreTheBatches(_ size: Int, batchSize: Int) throws {
    for count in 1...40 {
      let whole = ShuffledSampler(count: count, seed: 5)
      let parts = try (0..<size).map {
        try PartSampler(whole, batchSize: batchSize, over: Distributed(rank: $0, size: size))
      }
      let steps = (count - 1) / batchSize + 1
      for part in parts {
        #expect((part.count - 1) / part.batchSize + 1 == steps, "\(count) examples")
        #expect(part.order(ofEpoch: 1).count == part.count)
      }
      for step in 0..<steps {
        let expected = whole.order(ofEpoch: 1)[step * batchSize..<min((step + 1) * batchSize, count)]
        var found: [Int32] = []
        for part in parts {
          let order = part.order(ofEpoch: 1)
          let start = step * part.batchSize
          let own = order[start..<min(start + part.batchSize, order.count)]
          let (all, counting) = part.examples(ofStep: step)
          #expect(all == expected.count)
          #expect(!own.isEmpty)
          found += own.prefix(counting ?? own.count)
        }
        #expect(found == Array(expected), "step \(step) of \(count) examples")
      }
    }
  }

  @Test(arguments: [(3, 64), (4, 2), (2, 1)]) func unevenBatchesAreErrors(_ size: Int, batchSize: Int) {
    let error = #expect(throws: DataError.self) {
      try PartSampler(SequentialSampler(count: 100), batchSize: batchSize, over: Distributed(rank: 0, size: size))
    }
    #expect(error?.message.contains("multiple of \(size)") == true)
  }
}
