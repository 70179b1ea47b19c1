import Backprop
import Foundation

/// Networks of the literature in under 100 lines each: `swift run -c release Gallery gan unet`, or all of them without a name.
///
/// Each program makes its data, trains, and prints what it measured. With `--quick` it trains as briefly as its test.
@main enum Gallery {
  static var programs: [any Program.Type] {
    [
      GAN.self, VariationalAutoencoder.self, Translator.self, SiameseNetwork.self, UNet.self, WaveNet.self,
      SkipGram.self, CatchGame.self, MixtureOfExperts.self, WassersteinGAN.self, BurgersEquation.self, HousePrices.self,
    ]
  }

  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    let names = arguments.filter { $0 != "--quick" }
    let chosen = names.isEmpty ? programs : programs.filter { names.contains($0.name) }
    guard chosen.count >= names.count else {
      let known = programs.map { $0.name }.joined(separator: ", ")
      FileHandle.standardError.write(Data("error: name some of \(known)\n".utf8))
      exit(2)
    }
    do {
      for program in chosen {
        let start = ContinuousClock.now
        let finding = try result(of: program, quick: arguments.contains("--quick"))
        print("\(program.name): \(finding.text)  (\(ContinuousClock.now - start))")
      }
    } catch {
      FileHandle.standardError.write(Data("error: \(error)\n".utf8))
      exit(1)
    }
  }

  /// What the program measures where all random numbers come from this seed.
  static func result(of program: any Program.Type, quick: Bool, seed: UInt64 = 0) throws -> Finding {
    try Random.$current.withValue(Random(seed: seed)) { try program.run(quick: quick) }
  }
}

/// A program of the gallery.
protocol Program {
  /// What to call it by on the command line.
  static var name: String { get }
  /// Trains, more briefly where `quick`, and measures on what it was not trained on.
  static func run(quick: Bool) throws -> Finding
}

/// What a program measured.
struct Finding {
  /// The measure that shows best whether it learned.
  let value: Double
  /// It and others as a sentence.
  let text: String
}

extension Double {
  /// The number with so many decimals.
  func decimals(_ count: Int) -> String { String(format: "%.\(count)f", self) }

  /// The share as so many of a hundred.
  var percent: String { "\((100 * self).decimals(1)) %" }
}
