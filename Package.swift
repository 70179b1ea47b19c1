// swift-tools-version: 6.1
import PackageDescription

// No unsafe flags: a package that has them cannot be depended on by version. `.ci/run` holds the sources to no warnings.
// Only `OneDNNShim` needs a library that is large, and only when the trait is on.
let package = Package(
  name: "backprop",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Backprop", targets: ["Backprop"]),
    .executable(name: "backprop", targets: ["BackpropCLI"]),
  ],
  traits: [
    .trait(
      name: "OneDNN",
      description: "Matrix products and convolutions by oneDNN."),
    .trait(
      name: "MPI",
      description: "Training by several processes, on one or more machines, that mpirun starts."),
    .default(enabledTraits: ["OneDNN"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.2.0"),
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
  ],
  targets: [
    .target(
      name: "CKernels", cSettings: [.headerSearchPath(".")],
      linkerSettings: [
        .linkedLibrary("m", .when(platforms: [.linux])), .linkedLibrary("pthread", .when(platforms: [.linux])),
      ]),
    .target(
      name: "OneDNNShim",
      cxxSettings: [.define("BACKPROP_ONEDNN", .when(traits: ["OneDNN"]))],
      linkerSettings: [
        .linkedLibrary("dnnl", .when(traits: ["OneDNN"])),
        .linkedLibrary("dl", .when(platforms: [.linux], traits: ["OneDNN"])),
      ]),
    .target(
      name: "MPIShim",
      cSettings: [.define("BACKPROP_MPI", .when(traits: ["MPI"]))],
      linkerSettings: [
        .linkedLibrary("mpi", .when(traits: ["MPI"])), .linkedLibrary("pthread", .when(platforms: [.linux])),
      ]),
    .target(
      name: "LAPACKShim", dependencies: ["CKernels"],
      linkerSettings: [
        .linkedLibrary("lapack", .when(platforms: [.linux])), .linkedLibrary("blas", .when(platforms: [.linux])),
        .linkedFramework("Accelerate", .when(platforms: [.macOS])),
      ]),
    .target(
      name: "Tensors",
      dependencies: [
        "CKernels", "OneDNNShim", "LAPACKShim", "MPIShim", .product(name: "RealModule", package: "swift-numerics"),
      ]),
    .target(name: "NeuralNetworks", dependencies: ["Tensors"]),
    .target(name: "Files"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(
      name: "CTurboJPEG", pkgConfig: "libturbojpeg",
      providers: [.apt(["libturbojpeg0-dev"]), .brew(["jpeg-turbo"])]),
    .target(
      name: "CImages", dependencies: ["CPNG", "CTurboJPEG"],
      linkerSettings: [.linkedLibrary("png"), .linkedLibrary("turbojpeg")]),
    .target(
      name: "Datasets",
      dependencies: [
        "Tensors", "Files", "CImages", "CZlib", .product(name: "HeapModule", package: "swift-collections"),
      ],
      exclude: ["Resources/digits.LICENSE.md"],
      resources: [.embedInCode("Resources/digits.bin")]),
    .target(name: "Models", dependencies: ["NeuralNetworks", "Files"]),
    .target(name: "Training", dependencies: ["Models", "Datasets", "Files", "CZlib"]),
    .target(name: "Backprop", dependencies: ["Training"]),
    .target(name: "CMachine", dependencies: ["CKernels"], cSettings: [.headerSearchPath("../CKernels")]),
    .target(name: "CProcess"),
    .executableTarget(
      name: "BackpropCLI",
      dependencies: [
        "Backprop", "CMachine", "CProcess", "Files", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(name: "Bigram", dependencies: ["Backprop"], path: "Examples/Bigram"),
    .executableTarget(name: "Experiments", dependencies: ["Backprop"], path: "Examples/Experiments"),
    .executableTarget(name: "Gallery", dependencies: ["Backprop"], path: "Examples/Gallery"),
    .testTarget(
      name: "TensorsTests",
      dependencies: ["Tensors", "NeuralNetworks", .product(name: "RealModule", package: "swift-numerics")]),
    .testTarget(name: "CommandTests", dependencies: ["BackpropCLI"]),
    .testTarget(name: "ExamplesTests", dependencies: ["Bigram", "Experiments", "Gallery"]),
    .testTarget(name: "ListingTests", dependencies: ["Backprop"]),
    .testTarget(name: "ModelsTests", dependencies: ["Models"]),
    .testTarget(name: "NeuralNetworksTests", dependencies: ["Models"]),
    .testTarget(name: "TrainingTests", dependencies: ["Training"]),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "Files", "Tensors"]),
  ],
  cxxLanguageStandard: .cxx17
)
