// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "own-optimizer",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "backprop", path: "../..")],
  targets: [
    .executableTarget(
      name: "OwnOptimizer", dependencies: [.product(name: "Backprop", package: "backprop")], path: "Sources")
  ])
