// swift-tools-version: 6.1
import PackageDescription

// Every target is held to the same rules: Swift 6 language mode (the default of these tools) and no warnings. Only
// `OneDNNShim` needs a library that is large, and only when the trait is on.
let strict: [SwiftSetting] = [.unsafeFlags(["-warnings-as-errors"])]
let strictC: [CSetting] = [.unsafeFlags(["-Wall", "-Wextra", "-Werror", "-O3", "-fno-math-errno"])]

let package = Package(
  name: "backprop",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Backprop", targets: ["Backprop"]),
    .executable(name: "backprop", targets: ["BackpropCLI"]),
    // Preloaded by a test and by scripts/plans.
    .library(name: "AllocationCounter", type: .dynamic, targets: ["AllocationCounter"]),
  ],
  traits: [
    .trait(
      name: "OneDNN",
      description: "Matrix products and convolutions by oneDNN."),
    .default(enabledTraits: ["OneDNN"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.2.0"),
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
  ],
  targets: [
    .target(name: "CKernels", cSettings: strictC, linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
    .target(
      name: "OneDNNShim",
      cxxSettings: [
        .define("BACKPROP_ONEDNN", .when(traits: ["OneDNN"])),
        .unsafeFlags(["-Wall", "-Wextra", "-Werror", "-O2"]),
      ],
      linkerSettings: [.linkedLibrary("dnnl", .when(traits: ["OneDNN"]))]),
    .target(
      name: "Tensors",
      dependencies: ["CKernels", "OneDNNShim", .product(name: "RealModule", package: "swift-numerics")],
      swiftSettings: strict),
    .target(name: "NeuralNetworks", dependencies: ["Tensors"], swiftSettings: strict),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .target(
      name: "Datasets",
      dependencies: ["Tensors", "CZlib", .product(name: "HeapModule", package: "swift-collections")],
      exclude: ["Resources/digits.LICENSE.md"],
      resources: [.embedInCode("Resources/digits.bin")],
      swiftSettings: strict),
    .target(name: "Models", dependencies: ["NeuralNetworks"], swiftSettings: strict),
    .target(name: "Training", dependencies: ["Models", "Datasets", "CZlib"], swiftSettings: strict),
    .target(name: "Backprop", dependencies: ["Training"], swiftSettings: strict),
    .target(name: "CMachine", dependencies: ["CKernels"], cSettings: strictC),
    .executableTarget(
      name: "BackpropCLI",
      dependencies: ["Backprop", "CMachine", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: strict),
    .executableTarget(name: "Bigram", dependencies: ["Backprop"], path: "Examples/Bigram", swiftSettings: strict),
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter", cSettings: strictC),
    .testTarget(
      name: "TensorsTests",
      dependencies: ["Tensors", .product(name: "RealModule", package: "swift-numerics")],
      swiftSettings: strict),
    .testTarget(name: "CommandTests", dependencies: ["BackpropCLI"], swiftSettings: strict),
    .testTarget(name: "ExamplesTests", dependencies: ["Bigram"], swiftSettings: strict),
    .testTarget(name: "ModelsTests", dependencies: ["Models"], swiftSettings: strict),
    .testTarget(name: "NeuralNetworksTests", dependencies: ["Models"], swiftSettings: strict),
    .testTarget(name: "TrainingTests", dependencies: ["Training"], swiftSettings: strict),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "Tensors"], swiftSettings: strict),
  ],
  cxxLanguageStandard: .cxx17
)
