package import Kernel

/// Which series of which resource.
package struct SeriesKey: Hashable, Sendable {
    package let resource: ResourceID
    package let metric: MetricName

    package init(resource: ResourceID, metric: MetricName) {
        self.resource = resource
        self.metric = metric
    }
}

/// One value of one series.
package struct Sample: Hashable, Sendable {
    package let series: SeriesKey
    package let at: Timestamp
    /// In the unit of the metric; never NaN: what is unknown is left out.
    package let value: Double

    package init(series: SeriesKey, at: Timestamp, value: Double) {
        self.series = series
        self.at = at
        self.value = value
    }
}
