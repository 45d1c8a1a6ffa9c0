import csv
import io


def to_csv(result):
    '''Any result with rows, as CSV text with a header line.'''
    out = io.StringIO()
    writer = csv.writer(out, lineterminator='\n')
    writer.writerow(result.keys())
    writer.writerows(result)
    return out.getvalue()
