"""Half a year of made-up reports of a city, brought in through the public doors."""
