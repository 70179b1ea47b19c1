import NeuralNetworks
import Tensors
import Testing

@testable import Training

/// Comparisons of optimizers.
@Suite struct ComparisonTests {
  @Test func ratesAreSearchedUpToTheBest() {
    // The loss is least at 0.03, far below the default of 1.
    var search = RateSearch(around: 1)
    while let rate = search.next { search.add(abs(rate - 0.03)) }
    #expect(search.best == 0.03)
    #expect(search.tried.map(\.rate) == [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30])
    // Nothing but divergence: the search ends.
    var hopeless = RateSearch(around: 0.001)
    while hopeless.next != nil { hopeless.add(.infinity) }
    #expect(hopeless.tried.count == 12)
    #expect(hopeless.tried.first?.rate == 1e-7)
  }

  /// Rare features, each optimizer at its best rate: AdaGrad is ahead of gradient descent on every seed.
  @Test func adaGradIsAheadOnSparseFeatures() throws {
    let comparison = try Comparison(try .named(.sparse), [.sgd, .adagrad], seeds: 2)
    let (descent, adaGrad) = (comparison.rows[0], comparison.rows[1])
    #expect(zip(descent.seeds, adaGrad.seeds).allSatisfy { $0.finalLoss > $1.finalLoss * 1.2 })
    #expect(adaGrad.stepsToTarget != nil && descent.stepsToTarget == nil)
    // The rate is the best of those tried, and neither the lowest nor the highest of them.
    for row in comparison.rows {
      let best = row.rates.min { ($0.loss ?? .infinity) < ($1.loss ?? .infinity) }
      #expect(best?.learningRate == row.learningRate)
      #expect(row.rates.first?.learningRate != row.learningRate && row.rates.last?.learningRate != row.learningRate)
      #expect(row.curves.allSatisfy { $0.count == comparison.task.steps })
    }
    let html = ComparisonPage(comparison).html
    for row in comparison.rows { #expect(html.contains("value=\"\(ShownNumber.exact(row.finalLoss))\"")) }
  }

  @Test func trainingsBeginWithTheSameWeightsAndRepeat() throws {
    let task = try ComparedTask.named(.image)
    let first = try task.train(.sgd, learningRate: 0.1, seed: 1)
    #expect(try task.train(.adam, learningRate: 0.001, seed: 1).losses.first == first.losses.first)
    #expect(try task.train(.sgd, learningRate: 0.1, seed: 1).losses == first.losses)
    #expect(try task.train(.sgd, learningRate: 0.1, seed: 2).losses.first != first.losses.first)
    #expect(try #require(first.accuracy) > 0.85)
    // A rate that is far too high ends the training, and is no error.
    let diverged = try task.train(.sgd, learningRate: 1e20, seed: 1)
    #expect(diverged.isDiverged && diverged.finalLoss == .infinity)
  }

  /// Stopped between two trainings, a comparison has the optimizers that are done and no other.
  @Test(arguments: [("sgd: learning rate", 0), ("sgd: seed 1", 0), ("adam: seed 0", 1)])
  func whatIsDoneIsKept(when text: String, _ count: Int) throws {
    let stop = StopRequest()
    let comparison = try Comparison(try .named(.image), [.sgd, .adam], seeds: 2, stop: stop) {
      if $0.hasPrefix(text) { stop.request() }
    }
    #expect(comparison.isStopped && comparison.rows.map(\.optimizer) == Array(["sgd", "adam"].prefix(count)))
    #expect(comparison.rows.allSatisfy { $0.seeds.count == 2 })
  }

  /// In the ravine, momentum needs at most half the steps of gradient descent, each at its best rate.
  @Test func momentumHalvesTheStepsInTheRavine() throws {
    let comparison = try SurfaceComparison([.sgd, .momentum], on: [.ravine], seeds: 1, hasTrails: false)
    let rows = comparison.rows
    let (descent, momentum) = (try #require(rows[0].stepsToTarget), try #require(rows[1].stepsToTarget))
    #expect(2 * momentum <= descent)
    // From u = −9, v = 1 the value is 90.5, of which 40.5 are u's. With a rate ε below 2/101, v's part is gone first,
    // and u shrinks by 1 − ε a step: 40.5 (1 − ε)²ᵏ ≤ 0.00905 after k = 211 steps for ε = 2/101, and more for what the
    // search can find below it.
    #expect(211...222 ~= descent)
  }

  /// The paths are those of the rules, by hand in double precision.
  @Test func pathsAreThoseOfTheRules() throws {
    let rate = Double(Float(0.005))
    let path = try SurfaceDescent(.noisyValley, .momentum).path(learningRate: 0.005, limit: 1)
    #expect(path.points.count == 1 && path.points[0].x == -4 && path.points[0].y == 1.5)
    let saddle = try SurfaceDescent(.saddle, .momentum).path(learningRate: 0.005, limit: 20, continues: true)
    var (x, y, vx, vy) = (-1.2, 0.01, 0.0, 0.0)
    for point in saddle.points {
      #expect(abs(point.x - x) < 1e-12 && abs(point.y - y) < 1e-12)
      (vx, vy) = (0.9 * vx - rate * x, 0.9 * vy - rate * (y * y * y - y))
      (x, y) = (x + vx, y + vy)
    }
    #expect(saddle.points.count == 20)
  }

  /// Momentum as a moving average takes the same path as heavy ball, at ten times its rate.
  @Test func movingAveragesTakeTheSamePath() throws {
    let heavy = try SurfaceDescent(.ravine, .momentum).path(learningRate: 0.0078125, limit: 50, continues: true)
    let average = try SurfaceDescent(.ravine, .momentumEMA).path(learningRate: 0.078125, limit: 50, continues: true)
    for (a, b) in zip(heavy.points, average.points) { #expect(abs(a.x - b.x) < 1e-9 && abs(a.y - b.y) < 1e-9) }
    #expect(heavy.points.count == 50)
  }

  @Test(arguments: Surface.allCases) func surfacesAreZeroAtTheirMinima(_ surface: Surface) throws {
    let minimum = surface.minimum
    let values = try surface(Tensor([minimum.x, minimum.y] + surface.start, shape: [2, 2])).values(as: Double.self)
    #expect(abs(values[0]) < 1e-12)
    #expect(values[1] > 0.1)
    #expect(surface.ranges.x.contains(surface.start[0]) && surface.ranges.y.contains(surface.start[1]))
    #expect(try surface.grid(5).count == 5)
  }
}
